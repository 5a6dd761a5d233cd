"""The fixtures that every suite stands on: real servers, a database and a prefix per test."""

import asyncio

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deskstream_tools.local.databases import Databases
from deskstream_tools.local.postgres import SETTINGS
from deskstream_tools.testing import Fresh


def make_a_table(dsn: str) -> None:
    async def make() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table made (a int)")
        await connection.close()

    asyncio.run(make())


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_gets_a_copy_of_the_template(postgres_dsn: Fresh, turn: int) -> None:
    connection = await asyncpg.connect(postgres_dsn(make_a_table))
    await connection.execute("insert into made values (1)")
    assert await connection.fetchval("select count(*) from made") == 1
    await connection.close()


async def test_postgres_never_prints_rows_in_its_log(postgres: Databases) -> None:
    connection = await asyncpg.connect(postgres.admin_dsn)
    for name in ("log_error_verbosity", "log_min_error_statement"):
        assert await connection.fetchval(f"show {name}") == SETTINGS[name]
    await connection.close()


async def test_a_dropped_database_is_gone_though_somebody_is_connected(postgres: Databases) -> None:
    dsn = postgres.create("t_dropped")
    connection = await asyncpg.connect(dsn)
    postgres.drop("t_dropped")
    assert not postgres.exists("t_dropped")
    connection.terminate()


async def test_an_event_sent_to_kafka_is_read_back(kafka_bootstrap: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}x"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 6, 1)])
    await admin.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka_bootstrap, enable_idempotence=True, compression_type="lz4"
    )
    await producer.start()
    await producer.send_and_wait(topic, b"value", key=b"key")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka_bootstrap,
        group_id=f"{topic_prefix}g",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    assert (await consumer.getone()).value == b"value"
    await consumer.stop()

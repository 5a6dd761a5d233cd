"""The relay: everything, in order, once, and never past an open writer."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NoOpTracer
from prometheus_client import REGISTRY
from reading import records

from deskstream_events import topics
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, KafkaSettings, Origin
from deskstream_eventstore.held import release
from deskstream_eventstore.kafka import producer
from deskstream_eventstore.relay import Relay
from deskstream_eventstore.tail import RelayAhead, check_tails, read_tails
from deskstream_eventstore.topics_admin import create_topics, drop_topics
from deskstream_eventstore.tracing import PublishSpans

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")
TOPIC = topics.TEAMS


@pytest.fixture
async def kafka(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    settings = KafkaSettings(kafka_bootstrap, topic_prefix)
    await create_topics(settings, [TOPIC])
    return settings


@asynccontextmanager
async def relaying(database: Database, kafka: KafkaSettings) -> AsyncIterator[Relay]:
    relay, stopping = Relay(database, kafka, "gateway", [TOPIC]), asyncio.Event()
    running = asyncio.create_task(relay.run(stopping))
    try:
        yield relay
    finally:
        stopping.set()
        await running


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def append(database: Database, stream: UUID, expected: int, count: int = 1) -> None:
    async with database.work(ORIGIN) as work:
        work.append(
            "gateway.team",
            stream,
            expected,
            [
                TeamChangedV1(at=NOW, team_id=stream, title=str(n), restricted=False)
                for n in range(count)
            ],
        )


async def checkpoint(database: Database) -> int:
    position = await database.pool.fetchval("select max(position) from relay_checkpoint")
    return int(position or 0)


async def published_all(database: Database) -> bool:
    last = await database.pool.fetchval("select max(position) from events")
    return await checkpoint(database) >= int(last)


async def test_the_stored_bytes_travel_untouched_in_stream_order(
    database: Database, kafka: KafkaSettings
) -> None:
    streams = [uuid4() for _ in range(20)]
    async with relaying(database, kafka):
        for expected in range(0, 15, 5):
            await asyncio.gather(*(append(database, s, expected, 5) for s in streams))
        await until(lambda: published_all(database))
    found = await records(kafka, TOPIC)
    rows = await database.pool.fetch("select event_id, data::text from events")
    stored = {row[0]: row[1] for row in rows}
    assert {e.event_id: value.decode() for e, value in found} == stored
    assert len(found) == len(stored)
    for stream in streams:
        assert [e.version for e, _ in found if e.stream_id == stream] == list(range(1, 16))
    assert {e.meta.correlation_id for e, _ in found} == {"c-1"}


async def test_the_strangest_and_the_largest_texts_pass(
    database: Database, kafka: KafkaSettings
) -> None:
    strange = ["a\x00b", "\\u0000", "\U0001f600\u2028", '{"at":"', "é" * 400_000]
    async with relaying(database, kafka):
        for title in strange:
            stream = uuid4()
            async with database.work(ORIGIN) as work:
                event = TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False)
                work.append("gateway.team", stream, 0, [event])
        await until(lambda: published_all(database))
    found = await records(kafka, TOPIC)
    assert sorted(json.loads(value)["title"] for _, value in found) == sorted(strange)
    assert {e.at for e, _ in found} == {NOW}
    assert await database.pool.fetchval("select count(*) from relay_held") == 0


async def test_a_payload_that_begins_otherwise_has_its_time_too(
    database: Database, kafka: KafkaSettings
) -> None:
    await append(database, uuid4(), 0)
    await database.pool.execute(
        "update events set data = (select json_object_agg(key, value order by key desc) "
        "from json_each(data))"
    )
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
    ((envelope, value),) = await records(kafka, TOPIC)
    assert not value.startswith(b'{"at"')
    assert envelope.at == NOW


async def test_a_slow_transaction_below_a_newer_position_is_waited_for(
    database: Database, kafka: KafkaSettings
) -> None:
    slow, fast = uuid4(), uuid4()
    async with relaying(database, kafka), database.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        work = database.on(connection, ORIGIN)
        event = TeamChangedV1(at=NOW, team_id=slow, title="slow", restricted=False)
        work.append("gateway.team", slow, 0, [event])
        await work.finish()
        await append(database, fast, 0)
        assert await records(kafka, TOPIC) == []
        await transaction.commit()
        await until(lambda: published_all(database))
    assert {e.stream_id for e, _ in await records(kafka, TOPIC)} == {slow, fast}


async def test_a_position_that_died_in_a_rollback_is_passed(
    database: Database, kafka: KafkaSettings
) -> None:
    stream = uuid4()
    async with relaying(database, kafka):
        with pytest.raises(ZeroDivisionError):
            async with database.pool.acquire() as connection, connection.transaction():
                work = database.on(connection, ORIGIN)
                event = TeamChangedV1(at=NOW, team_id=stream, title="x", restricted=False)
                work.append("gateway.team", stream, 0, [event])
                await work.finish()
                raise ZeroDivisionError
        await append(database, stream, 0)
        await until(lambda: published_all(database))
    assert [e.version for e, _ in await records(kafka, TOPIC)] == [1]


async def test_of_two_relays_one_leads_and_nothing_is_doubled(
    database: Database, kafka: KafkaSettings
) -> None:
    stream = uuid4()
    async with relaying(database, kafka), relaying(database, kafka):
        await append(database, stream, 0, 200)
        await until(lambda: published_all(database))
    assert [e.version for e, _ in await records(kafka, TOPIC)] == list(range(1, 201))


async def test_a_missing_topic_moves_no_checkpoint_and_heals_by_itself(
    database: Database, kafka: KafkaSettings
) -> None:
    await drop_topics(kafka, [TOPIC])
    await append(database, uuid4(), 0)
    async with relaying(database, kafka):
        assert await checkpoint(database) == 0
        await create_topics(kafka, [TOPIC])
        await until(lambda: published_all(database))
    assert len(await records(kafka, TOPIC)) == 1


async def test_a_record_too_large_for_the_broker_holds_its_stream_only(
    database: Database, kafka: KafkaSettings
) -> None:
    big, small = uuid4(), uuid4()
    title = "".join(str(uuid4()) for _ in range(24_000))
    async with database.work(ORIGIN) as work:
        huge = TeamChangedV1(at=NOW, team_id=big, title=title, restricted=False)
        work.append("gateway.team", big, 0, [huge])
    await set_limit(kafka, 100_000)
    await append(database, big, 1)
    await append(database, small, 0, 3)
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
    assert [e.stream_id for e, _ in await records(kafka, TOPIC)] == [small] * 3
    held = await database.pool.fetch("select reason from relay_held order by position")
    assert [row["reason"] for row in held] == ["too_large", "behind"]


async def test_a_released_stream_is_sent_in_order_with_what_came_meanwhile(
    database: Database, kafka: KafkaSettings
) -> None:
    big = uuid4()
    title = "".join(str(uuid4()) for _ in range(24_000))
    async with database.work(ORIGIN) as work:
        huge = TeamChangedV1(at=NOW, team_id=big, title=title, restricted=False)
        work.append("gateway.team", big, 0, [huge])
    await set_limit(kafka, 100_000)
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
        await set_limit(kafka, 1_000_000)
        async with database.pool.acquire() as connection:
            assert await release(connection, big) == 1
        await append(database, big, 1, 2)

        async def nothing_held() -> bool:
            return not await database.pool.fetchval("select count(*) from relay_held")

        await until(lambda: published_all(database))
        await until(nothing_held)
    assert [e.version for e, _ in await records(kafka, TOPIC)] == [1, 2, 3]


async def set_limit(kafka: KafkaSettings, size: int) -> None:
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    from deskstream_eventstore.kafka import admin

    client = admin(kafka, "test")
    await client.start()
    try:
        name = TOPIC.named(kafka.prefix)
        config = {"max.message.bytes": str(size)}
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])
    finally:
        await client.close()


async def test_a_log_that_is_ahead_of_a_restored_store_is_not_published_to(
    database: Database, kafka: KafkaSettings
) -> None:
    stream = uuid4()
    await append(database, stream, 0, 5)
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
    async with database.pool.acquire() as connection:
        await connection.execute("delete from events where version > 3")
        await connection.execute("update relay_checkpoint set position = 0")
    await append(database, stream, 3, 4)
    relay = Relay(database, kafka, "gateway", [TOPIC])
    with pytest.raises(RelayAhead, match="desk topics republish"):
        await relay.run(asyncio.Event())
    assert len(await records(kafka, TOPIC)) == 5


async def test_what_a_stranger_wrote_behind_the_last_event_is_looked_past(
    database: Database, kafka: KafkaSettings
) -> None:
    await append(database, uuid4(), 0, 3)
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
    stranger = producer(kafka, "stranger")
    await stranger.start()
    try:
        for partition in range(TOPIC.partitions):
            await stranger.send_and_wait(TOPIC.named(kafka.prefix), b"{", partition=partition)
    finally:
        await stranger.stop()
    tails = await read_tails(kafka, [TOPIC])
    assert [tail.envelope.version for tail in tails] == [3]
    async with database.pool.acquire() as connection:
        assert await check_tails(connection, tails) == 1


async def test_without_a_broker_the_backlog_is_measured_and_nothing_moves(
    database: Database,
) -> None:
    await append(database, uuid4(), 0, 7)
    nowhere = KafkaSettings("127.0.0.1:1")
    async with relaying(database, nowhere):

        async def measured() -> bool:
            return REGISTRY.get_sample_value("event_relay_unpublished_events") == 7

        await until(measured)
    assert REGISTRY.get_sample_value("event_relay_oldest_unpublished_age_seconds")
    assert await checkpoint(database) == 0


async def test_the_header_carries_the_batchs_span_in_the_facts_own_trace() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    fact = f"00-{'a' * 32}-{'b' * 16}-01"
    spans = PublishSpans(provider.get_tracer("test"))
    carried = spans.within(fact)
    assert carried == spans.within(fact)
    assert spans.within(None) is None
    unsampled = fact[:-1] + "0"
    assert spans.within(unsampled) == unsampled
    spans.end()
    (span,) = exporter.get_finished_spans()
    assert span.name == "relay publish"
    assert span.parent is not None
    assert format(span.parent.span_id, "016x") == "b" * 16
    assert span.context is not None
    assert carried == f"00-{'a' * 32}-{span.context.span_id:016x}-01"
    assert PublishSpans(NoOpTracer()).within(fact) == fact


async def test_an_old_epoch_may_not_move_the_checkpoint(
    database: Database, kafka: KafkaSettings
) -> None:
    await append(database, uuid4(), 0)
    async with relaying(database, kafka):
        await until(lambda: published_all(database))
    epoch = await database.pool.fetchval("select epoch from relay_checkpoint")
    async with relaying(database, kafka):
        await append(database, uuid4(), 0)
        await until(lambda: published_all(database))
    assert await database.pool.fetchval("select epoch from relay_checkpoint") > epoch
    epochs = [e.relay_epoch for e, _ in await records(kafka, TOPIC)]
    assert len(set(epochs)) == 2

"""Faults 12 and 13: the broker dies, a topic is missing, a record or a sequence is refused."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber
from drills.facts import TOPIC
from drills.place import Place, place
from drills.record import Drill
from drills.until import until
from reading import records

from deskstream_eventstore import KafkaSettings, create_topics
from deskstream_eventstore.kafka import admin, producer
from deskstream_eventstore.outgoing import discard
from deskstream_eventstore.testing import create_store
from deskstream_tools.local.kafka import KafkaServer
from deskstream_tools.local.processes import free_port
from deskstream_tools.testing import RUN, Fresh

FreshPlace = Callable[[], Awaitable[Place]]


class Broker(KafkaServer):
    """A broker of this module's own, to be killed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, free_port(), free_port())
        self.logs = folder / "logs"


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """Started once; each drill leaves it running."""
    server = Broker(Path(os.environ[RUN]) / f"kafka-{uuid4().hex[:8]}")
    server.start()
    yield server
    server.remove()


@pytest.fixture
async def here(broker: Broker, postgres_dsn: Fresh) -> AsyncIterator[Place]:
    """A store whose log is on that broker."""
    broker.start()
    async with place(postgres_dsn(create_store, name="store"), broker.bootstrap) as found:
        yield found


@pytest.mark.fault(12)
async def test_a_killed_broker_blocks_the_relay_and_commands_go_on(
    drill: Drill, here: Place, broker: Broker
) -> None:
    async with here.relaying() as relay, here.client.busy() as ledger:
        await until(lambda: len(ledger.kept) > 100, "the client to be busy")
        await here.all_published()
        first = broker.pid
        broker.kill()
        await relay.hears("relay_waits")
        stood = await here.checkpoint()
        during = len(ledger.kept)
        await until(lambda: len(ledger.kept) > during + 200, "commands to go on")
        moved = await here.checkpoint()
        broker.start()
        await until(lambda: _beyond(here, moved), "the relay to go on", 60)
        relays = relay.alive
    drill.saw(first != broker.pid, f"broker {first} killed under load, back as {broker.pid}")
    async with here.relaying():
        await here.all_published()
    verdict = await here.verdict()
    drill.kept(moved == stood, f"checkpoint stood at {stood} while {during + 200}+ were kept")
    drill.kept(relays and not ledger.refused, "the same relay recovered; no command was refused")
    drill.kept(verdict.clean, str(verdict))


async def _beyond(here: Place, position: int) -> bool:
    return await here.checkpoint() > position


@pytest.mark.fault(12)
async def test_a_missing_topic_blocks_the_relay_until_it_is_there(
    drill: Drill, postgres_dsn: Fresh, broker: Broker
) -> None:
    broker.start()
    dsn = postgres_dsn(create_store, name="store")
    async with place(dsn, broker.bootstrap, topic=False) as here, here.relaying() as relay:
        await here.client.fill(50)
        waits = await relay.hears("relay_waits")
        drill.saw(waits["error_code"] == "TopicMissing", "no topic, no auto-creation: it waits")
        drill.kept(await here.checkpoint() == 0, "no checkpoint moved")
        await create_topics(here.kafka, [TOPIC])
        await here.all_published()
        verdict = await here.verdict()
        drill.kept(verdict.clean and relay.alive, f"the topic made: {verdict}")


@pytest.mark.fault(12)
async def test_a_relay_that_does_not_wait_for_acks_loses_what_the_broker_never_got(
    drill: Drill, here: Place, broker: Broker
) -> None:
    async with here.relaying(kind="FireAndForget") as relay:
        await here.client.fill(20)

        async def there() -> bool:
            return len(await records(here.kafka, TOPIC)) == 20

        await until(there, "the first to be published")
        broker.kill()
        await here.client.fill(20)
        await here.all_published()
        drill.saw(not broker.answers(), "its checkpoint moved while there was no broker")
        await relay.kill()
    broker.start()
    async with here.relaying():
        await here.client.fill(20)
        await here.all_published()
    verdict = await here.verdict()
    drill.kept(verdict.lost == 0 and verdict.stored == 60, "the store has all of it")
    drill.bit(verdict.missing == 20, f"without waiting for acks: {verdict}")


async def limit(kafka: KafkaSettings, size: int) -> None:
    """What the broker takes on the topic."""
    client = admin(kafka, "drill")
    await client.start()
    try:
        config = {"max.message.bytes": str(size)}
        name = TOPIC.named(kafka.prefix)
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, config)])
    finally:
        await client.close()


@pytest.mark.fault(13)
async def test_a_record_too_large_waits_with_its_stream_and_all_others_flow(
    drill: Drill, here: Place
) -> None:
    big = uuid4()
    await limit(here.kafka, 20_000)
    await here.client.append(big, 0)
    await here.client.append(big, 1, title="".join(uuid4().hex for _ in range(4000)))
    await here.client.append(big, 2, 2)
    await here.client.fill(100)
    async with here.relaying() as relay:
        told = await relay.hears("relay_held")
        await here.all_published()
    rows = await here.database.pool.fetch("select reason from relay_held order by position")
    reasons = [row["reason"] for row in rows]
    drill.saw(told["error_code"] == "too_large", "the broker refused a record of 128 kB")
    verdict = await here.verdict(held={big})
    drill.kept(reasons == ["too_large", "behind", "behind"], f"held: {reasons}")
    drill.kept(verdict.clean and verdict.published - verdict.copies == 101, f"the rest: {verdict}")
    found = await kept_producer(here.kafka)
    drill.bit(found == OutOfOrderSequenceNumber.__name__, f"a producer kept after it: {found}")


async def kept_producer(kafka: KafkaSettings) -> str:
    """What a producer gets that goes on after a refused record."""
    kept, name = producer(kafka, "kept"), TOPIC.named(kafka.prefix)
    await kept.start()
    try:
        await kept.send_and_wait(name, b"small", partition=0)
        with pytest.raises(KafkaError, match="MessageSizeTooLarge"):
            await kept.send_and_wait(name, os.urandom(100_000), partition=0)
        with pytest.raises(KafkaError) as refused:
            await kept.send_and_wait(name, b"small", partition=0)
        return type(refused.value).__name__
    finally:
        await discard(kept)


@pytest.mark.fault(13)
async def test_after_a_lost_tail_the_broker_refuses_the_sequence_and_a_new_producer_sends_all(
    drill: Drill, here: Place, broker: Broker
) -> None:
    streams = await here.client.fill(200, streams=20)
    logs = sorted(broker.logs.glob(f"{TOPIC.named(here.kafka.prefix)}-*/*.log"))
    async with here.relaying("mid_batch") as relay:
        await relay.hears("at", point="mid_batch", number=100)
        relay.say()
        await here.all_published()
        sizes = {log: log.stat().st_size for log in logs}
        await here.client.append_all(streams, 10, 4)
        await relay.hears("at", point="mid_batch", number=40)
        broker.kill()
        lost = sum(log.stat().st_size - size for log, size in sizes.items())
        for log, size in sizes.items():
            os.truncate(log, size)
        broker.start()
        relay.say()
        cause = (await relay.hears("stalled", 60))["cause"]
        await relay.hears("at", point="mid_batch", number=40)
        relay.say()
        await here.all_published()
    drill.saw(
        lost > 0 and cause == OutOfOrderSequenceNumber.__name__,
        f"broker killed in mid-batch, {lost} acknowledged bytes cut off its log, as a machine "
        f"loses what it has not flushed; its answer to the next: {cause}",
    )
    verdict = await here.verdict()
    drill.kept(verdict.clean, f"by a new producer: {verdict}")

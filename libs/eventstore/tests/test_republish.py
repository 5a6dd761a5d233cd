"""Sending a store again: new consumers are filled, old ones unchanged, nobody is mailed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from following import NAME, QUICK, SEEN, TOPIC, Behaviour, consumer, one, seen, until
from reading import records

from deskstream_events import topics
from deskstream_events.ticketing.ticket import TicketTaggedV1
from deskstream_eventstore import (
    ConsumerRuntime,
    Database,
    KafkaSettings,
    Origin,
    Relay,
    create_topics,
    republish,
)

ORIGIN = Origin("user:u", "c-1")


@pytest.fixture
async def kafka(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    settings = KafkaSettings(kafka_bootstrap, topic_prefix)
    await create_topics(settings, [TOPIC])
    return settings


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    return database


@asynccontextmanager
async def running(*parts: ConsumerRuntime | Relay) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(part.run(stopping)) for part in parts]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def tag(database: Database, stream: UUID, expected: int, count: int) -> None:
    async with database.work(ORIGIN) as work:
        event = TicketTaggedV1(at=datetime.now(UTC), ticket_id=stream, tags=("effect",))
        work.append("ticketing.ticket", stream, expected, [event] * count)


async def _count(store: Database, wanted: int) -> None:
    async def there() -> bool:
        return len(await seen(store)) >= wanted

    await until(there)


def follower(store: Database, kafka: KafkaSettings) -> ConsumerRuntime:
    return ConsumerRuntime(store, kafka, [consumer(Behaviour())], patience=QUICK)


async def state(store: Database, streams: list[UUID]) -> list[object]:
    effects = "select array_agg(key || status order by key) from side_effect"
    return [await seen(store, s) for s in streams] + [await one(store, effects)]


async def test_a_topic_made_anew_from_the_store_leaves_consumers_as_they_were(
    store: Database, kafka: KafkaSettings
) -> None:
    streams = [uuid4() for _ in range(5)]
    for stream in streams:
        await tag(store, stream, 0, 4)
    relay = Relay(store, kafka, "ticketing", [TOPIC])
    async with running(relay, follower(store, kafka)):
        await _count(store, 20)
    before = await state(store, streams)
    done = await republish(store, kafka, "ticketing", [TOPIC], recreate=True)
    assert done.events == 20
    assert [e.republished for e, _ in await records(kafka, TOPIC)] == [True] * 20
    for stream in streams:
        await tag(store, stream, 4, 1)
    async with running(Relay(store, kafka, "ticketing", [TOPIC]), follower(store, kafka)):
        await _count(store, 25)
    for stream in streams:
        assert await seen(store, stream) == [1, 2, 3, 4, 5]
    assert before[-1] is not None
    assert await one(store, "select count(*) from side_effect where status = 'muted'") == 0


async def test_a_consumer_that_never_saw_them_is_filled_and_nothing_goes_out(
    store: Database, kafka: KafkaSettings
) -> None:
    stream = uuid4()
    await tag(store, stream, 0, 3)
    async with running(Relay(store, kafka, "ticketing", [TOPIC])):

        async def passed() -> bool:
            return len(await records(kafka, TOPIC)) == 3

        await until(passed)
    await republish(store, kafka, "ticketing", [TOPIC], recreate=True, stream_id=stream)
    async with running(follower(store, kafka)):
        await _count(store, 3)
    assert await one(store, "select array_agg(distinct status) from side_effect") == ["muted"]
    assert NAME in TOPIC.consumers


async def test_only_the_owner_republishes(store: Database, kafka: KafkaSettings) -> None:
    with pytest.raises(ValueError, match="own"):
        await republish(store, kafka, "gateway", [topics.TICKETS])

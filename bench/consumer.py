"""B5: batches with inbox and cursor against FastStream's batches that do nothing.

Each round has a topic of its own; each side is a process of its own, as the runtime changes how
aiokafka reads headers.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import uvloop
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from uuid_utils.compat import uuid7

from bench.harness import Result, child, ratio
from bench.store import event
from deskstream_events import Envelope, Meta, topics
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import (
    Consumer,
    ConsumerRuntime,
    Database,
    Fact,
    KafkaSettings,
    Processor,
    SubjectHasher,
    Work,
    create_topics,
)
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.kafka import producer

EVENTS = 15_000
STREAMS = 3_000
SKIPPED = 1_500
"""Of each run: joining the group and the first fetch are no part of the figure."""
RECORDS = 500
"""Of a batch at most: the runtime's default."""
POLL_MS = 20
"""Of the peer, which sleeps as long after an empty poll; none is empty here."""
NAME = "ticketing.people"
SECONDS = 60.0


async def consumer(dsn: str, bootstrap: str) -> Result:
    """B5."""
    filled = 0

    async def round_of(name: str) -> float:
        nonlocal filled
        filled += 1
        kafka = KafkaSettings(bootstrap, f"b5-{filled}.")
        await _fill(kafka)
        await _forget(dsn)
        return await child("bench.consumer", name, dsn, bootstrap, kafka.prefix)

    return await ratio(
        "B5",
        ">= 0.4",
        lambda: round_of("ours"),
        lambda: round_of("bare"),
        note="events per second of one consumer, records waiting in the topic",
        limit="a batch waits for five round trips and one fsync, the peer for nothing",
    )


async def _forget(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("truncate inbox, stream_cursor")
    finally:
        await connection.close()


async def _fill(kafka: KafkaSettings) -> None:
    """Several events a stream, as the relay would have sent them."""
    await create_topics(kafka, [topics.TEAMS])
    topic = topics.TEAMS.named(kafka.prefix)
    sender = producer(kafka, "fill")
    await sender.start()
    try:
        streams = [uuid7() for _ in range(STREAMS)]
        for version in range(1, EVENTS // STREAMS + 1):
            sent = []
            for n, stream in enumerate(streams):
                fact = event(stream)
                envelope = Envelope(
                    event_id=uuid7(),
                    type=fact.TYPE,
                    source="gateway",
                    stream_id=stream,
                    version=version,
                    position=(version - 1) * STREAMS + n + 1,
                    at=datetime.now(UTC),
                    meta=Meta("system:bench", "bench"),
                    relay_epoch=1,
                )
                key, value = str(stream).encode(), fact.model_dump_json().encode()
                sent.append(await sender.send(topic, value, key=key, headers=envelope.to_headers()))
            await asyncio.gather(*sent)
    finally:
        await sender.stop()


class Meter:
    """Events per second from the first batches on until all are done."""

    def __init__(self) -> None:
        self._count = 0
        self._began = (0, 0.0)
        self.figure = 0.0
        self.done = asyncio.Event()

    def add(self, count: int) -> None:
        """So many more are done."""
        self._count += count
        if self._count >= SKIPPED and not self._began[0]:
            self._began = (self._count, time.perf_counter())
        if self._count >= EVENTS:
            first, began = self._began
            self.figure = (self._count - first) / (time.perf_counter() - began)
            self.done.set()


async def ours(meter: Meter, dsn: str, kafka: KafkaSettings) -> None:
    """Our runtime; the handler only gets the fact."""
    people = Consumer(NAME, [topics.USERS, topics.TEAMS])

    @people.on(TeamChangedV1)
    async def when_team_changed(work: Work, fact: Fact[TeamChangedV1]) -> None:
        pass

    class Counted(Processor):
        async def after_commit(self, items: Sequence[Incoming]) -> None:
            meter.add(len(items))

    database = await Database.connect(dsn, size=3, name="bench", subjects=SubjectHasher(b"b" * 32))
    try:
        await create_topics(kafka, people.topics)
        runtime = ConsumerRuntime(database, kafka, [people], max_records=RECORDS, processor=Counted)
        await runtime.run(meter.done)
    finally:
        await database.close()


async def bare(meter: Meter, _: str, kafka: KafkaSettings) -> None:
    """FastStream alone, with the same settings and its own decoding of JSON."""
    broker = KafkaBroker(kafka.bootstrap, logger=None)

    @broker.subscriber(
        topics.TEAMS.named(kafka.prefix),
        group_id=f"{kafka.prefix}bare",
        batch=True,
        max_records=RECORDS,
        batch_timeout_ms=POLL_MS,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def nothing(messages: list[Any]) -> None:
        meter.add(len(messages))

    await broker.start()
    try:
        await meter.done.wait()
    finally:
        await broker.stop()


async def main(side: str, dsn: str, bootstrap: str, prefix: str) -> None:
    """One run of one side."""
    meter = Meter()
    async with asyncio.timeout(SECONDS):
        await {"ours": ours, "bare": bare}[side](meter, dsn, KafkaSettings(bootstrap, prefix))
    print(meter.figure)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

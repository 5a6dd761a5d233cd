"""B4: the relay against bare aiokafka sending the same records; CPU of a process of its own."""

import asyncio
import gc
import sys
import time
from collections.abc import Sequence
from uuid import uuid4

import uvloop
from aiokafka import AIOKafkaProducer

from bench.harness import Result, child, ratio
from bench.store import BATCH, ORIGIN, event
from deskstream_events import topics
from deskstream_eventstore import Database, KafkaSettings, Relay, SubjectHasher, create_topics
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.kafka import producer
from deskstream_eventstore.outgoing import COLUMNS, Outgoing, outgoing
from deskstream_eventstore.relay import BATCH as RELAY_BATCH

EVENTS = 12_000
SKIPPED = 2_000
"""Of each run: connections, lease and first metadata are no part of the figure."""
SUBJECTS = SubjectHasher(b"b" * 32)


async def relay(dsn: str, bootstrap: str) -> Result:
    """B4."""
    database = await Database.connect(dsn, size=2, name="bench", subjects=SUBJECTS)
    kafka = KafkaSettings(bootstrap, "b4.")
    await create_topics(kafka, [topics.TEAMS])
    for _ in range(EVENTS // BATCH):
        async with database.work(ORIGIN) as work:
            for _ in range(BATCH // 2):
                stream = uuid4()
                work.append("gateway.team", stream, 0, [event(stream), event(stream)])

    async def side(name: str) -> float:
        await database.pool.execute("delete from relay_checkpoint")
        return await child("bench.relay", name, dsn, bootstrap)

    try:
        note = "events per CPU-second, from the store to all acknowledgements"
        return await ratio("B4", ">= 0.4", lambda: side("ours"), lambda: side("bare"), note=note)
    finally:
        await database.close()


class Meter:
    """CPU seconds from the first batches on until all is sent."""

    def __init__(self) -> None:
        self._began = (0, 0.0)
        self.figure = 0.0

    def at(self, count: int) -> None:
        """So many are sent."""
        if count >= SKIPPED and not self._began[0]:
            self._began = (count, time.process_time())
        if count >= EVENTS:
            first, cpu = self._began
            self.figure = (count - first) / (time.process_time() - cpu)


class Counted(Relay):
    """The relay as it is, with a look at where it has come to."""

    def count(self, meter: Meter, done: asyncio.Event) -> None:
        """Tell `meter` after each turn, `done` at the end."""
        self._meter, self._done = meter, done

    async def advance(self, connection: Connection, position: int) -> None:
        """As the relay's."""
        await super().advance(connection, position)
        self._meter.at(position)
        if position >= EVENTS:
            self._done.set()


async def ours(database: Database, kafka: KafkaSettings) -> float:
    """Our relay over the whole store."""
    meter, done = Meter(), asyncio.Event()
    relay = Counted(database, kafka, "gateway", [topics.TEAMS])
    relay.count(meter, done)
    await relay.run(done)
    return meter.figure


async def bare(database: Database, kafka: KafkaSettings) -> float:
    """The same records, made before the clock runs, in the same batches."""
    rows = await database.pool.fetch(f"select {COLUMNS} from events order by position")
    records = [outgoing(row, "gateway", kafka.prefix, 1) for row in rows]
    meter = Meter()
    sender = producer(kafka, "bare")
    await sender.start()
    try:
        for at in range(0, len(records), RELAY_BATCH):
            await _send(sender, records[at : at + RELAY_BATCH])
            meter.at(at + RELAY_BATCH)
    finally:
        await sender.stop()
    return meter.figure


async def _send(sender: AIOKafkaProducer, records: Sequence[Outgoing]) -> None:
    futures = [await sender.send(r.topic, r.value, key=r.key, headers=r.headers) for r in records]
    await asyncio.gather(*futures)


async def main(side: str, dsn: str, bootstrap: str) -> None:
    """One run of one side, the collector at rest as in a service's process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    database = await Database.connect(dsn, size=3, name="bench", subjects=SUBJECTS)
    try:
        run = {"ours": ours, "bare": bare}[side]
        print(await run(database, KafkaSettings(bootstrap, "b4.")))
    finally:
        await database.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))

"""B6: from a commit to its effect in a consumer, at a third of what the pipeline carries.

The parent appends; relay and consumer run in a child, as a service's worker does, and tell when
each fact's batch was committed (both processes read the same monotonic clock).
"""

import asyncio
import math
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import uvloop

from bench.harness import ROOT, ROUNDS, Result
from bench.store import CONNECTIONS, ORIGIN, event
from deskstream_events import topics
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import (
    Consumer,
    ConsumerRuntime,
    Database,
    Fact,
    KafkaSettings,
    Processor,
    Relay,
    SubjectHasher,
    Work,
    create_topics,
)
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.kafka import LINGER_MS
from deskstream_eventstore.relay import SHORTEST_POLL

PREFIX = "b6."
BURST = 4_000
"""Appends of the run that finds the highest rate."""
SHARE = 0.3
SECONDS = 6.0
SYNCS = 200
PATIENCE = 60.0
APPLIED = "applied"
SUBJECTS = SubjectHasher(b"b" * 32)


class Pipeline:
    """Appends here, effects there."""

    def __init__(self, database: Database, worker: asyncio.subprocess.Process) -> None:
        self._database = database
        self._worker = worker
        self._applied: dict[UUID, float] = {}
        self._committed: dict[UUID, float] = {}

    async def listen(self) -> None:
        """Until the worker ends: when what was applied."""
        assert self._worker.stdout is not None
        while line := await self._worker.stdout.readline():
            word, *rest = line.decode().split()
            if word != APPLIED:  # a line of its log
                continue
            at, *streams = rest
            self._applied.update((UUID(stream), float(at)) for stream in streams)

    async def append(self) -> None:
        """One new stream with one event; notes when its commit had returned."""
        stream = uuid4()
        async with self._database.work(ORIGIN) as work:
            work.append("gateway.team", stream, 0, [event(stream)])
        self._committed[stream] = time.monotonic()

    async def _everything(self) -> dict[UUID, float]:
        """When each append was applied, once all are. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while self._committed.keys() - self._applied.keys():
                if self._worker.returncode is not None:
                    raise RuntimeError("the worker has ended")
                await asyncio.sleep(0.05)
        return self._applied

    async def latencies(self) -> list[float]:
        """Seconds of all appends since the last call, once all are applied."""
        applied = await self._everything()
        found = [applied[s] - at for s, at in self._committed.items()]
        self._committed.clear()
        self._applied.clear()
        return found

    async def highest(self) -> float:
        """Events per second from the first append to the last effect, writers flat out."""
        began = time.monotonic()

        async def writer() -> None:
            for _ in range(BURST // CONNECTIONS):
                await self.append()

        await asyncio.gather(*(writer() for _ in range(CONNECTIONS)))
        count = len(self._committed)
        last = max((await self._everything()).values())
        await self.latencies()
        return count / (last - began)

    async def at_rate(self, rate: float) -> list[float]:
        """Latencies of appends that begin at a steady rate, whether or not earlier ones ended."""
        began = time.monotonic()
        tasks = []
        for n in range(int(rate * SECONDS)):
            await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
            tasks.append(asyncio.create_task(self.append()))
        await asyncio.gather(*tasks)
        return await self.latencies()


@asynccontextmanager
async def _pipeline(dsn: str, bootstrap: str) -> AsyncIterator[Pipeline]:
    await create_topics(KafkaSettings(bootstrap, PREFIX), [topics.USERS, topics.TEAMS])
    database = await Database.connect(dsn, size=CONNECTIONS, name="bench", subjects=SUBJECTS)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.latency", dsn, bootstrap),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        limit=2**22,
    )
    pipeline = Pipeline(database, worker)
    listening = asyncio.create_task(pipeline.listen())
    try:
        await pipeline.append()
        await pipeline.latencies()
        yield pipeline
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
        await listening
        await database.close()


async def latency(dsn: str, bootstrap: str, folder: Path) -> Result:
    """B6."""
    async with _pipeline(dsn, bootstrap) as pipeline:
        highest = await pipeline.highest()
        rate = SHARE * highest
        print(f"  B6 highest rate {highest:,.0f}/s, measured at {rate:,.0f}/s")
        values, tails, syncs = [], [], []
        for n in range(ROUNDS + 1):
            sync = await asyncio.to_thread(fsync_p99, folder / "sync")
            tail = p99(await pipeline.at_rate(rate))
            bound = sync + LINGER_MS / 1000 + SHORTEST_POLL
            if n:  # the first round warms up
                values.append(tail / bound)
                tails.append(tail)
                syncs.append(sync)
                print(
                    f"  B6 round {n}: {tail * 1e3:.1f} ms / {bound * 1e3:.1f} ms = {values[-1]:.2f}"
                )
    note = (
        f"p99 {statistics.median(tails) * 1e3:.0f} ms at {rate:.0f}/s (30 % of {highest:.0f}/s); "
        f"fsync p99 {statistics.median(syncs) * 1e3:.1f} ms"
    )
    limit = "a fact waits for the relay's turn before its own (10 ms) and the consumer's (7 ms)"
    return Result("B6", round(statistics.median(values), 3), "ratio", "<= 5", values, note, limit)


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds."""
    return sorted(values)[math.ceil(len(values) * 0.99) - 1]


def fsync_p99(path: Path) -> float:
    """Seconds, of pages of 8 KiB appended one by one."""
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(b"x" * 8192)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return p99(times)


class Telling(Processor):
    """Says on stdout what is committed."""

    async def after_commit(self, items: Sequence[Incoming]) -> None:
        """One line a batch."""
        print(APPLIED, time.monotonic(), *(item.stream_id for item in items), flush=True)


async def worker(dsn: str, bootstrap: str) -> None:
    """Relay and consumer until killed."""
    kafka = KafkaSettings(bootstrap, PREFIX)
    people = Consumer("ticketing.people", [topics.USERS, topics.TEAMS])

    @people.on(TeamChangedV1)
    async def when_team_changed(work: Work, fact: Fact[TeamChangedV1]) -> None:
        pass

    database = await Database.connect(dsn, size=5, name="bench-worker", subjects=SUBJECTS)
    relay = Relay(database, kafka, "gateway", [topics.USERS, topics.TEAMS])
    runtime = ConsumerRuntime(database, kafka, [people], processor=Telling)
    stopping = asyncio.Event()
    await asyncio.gather(relay.run(stopping), runtime.run(stopping))


if __name__ == "__main__":
    uvloop.run(worker(*sys.argv[1:]))

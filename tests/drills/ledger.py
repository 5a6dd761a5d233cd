"""The client's own ledger, and the oracle that compares it with the store and the log.

A = what the client was told is kept, S = the store, K = the topic: A ⊆ S, S ⊆ K, K \\ S empty,
versions contiguous and in order per stream.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from drills.facts import ORIGIN, STREAM_TYPE, TOPIC, changed
from reading import records

from deskstream_eventstore import Conflict, Database, KafkaSettings
from deskstream_eventstore.connection import CONNECTION_OUTAGES

REFUSALS = (*CONNECTION_OUTAGES, Conflict, TimeoutError)
"""What a command may end with while a drill goes on: its outcome is then unknown to the client."""


@dataclass
class Ledger:
    """What was acknowledged: stream, version, title."""

    kept: set[tuple[UUID, int, str]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    def note(self, stream: UUID, expected: int, titles: list[str]) -> None:
        """The store has said that these are kept."""
        self.kept |= {(stream, expected + n, title) for n, title in enumerate(titles, 1)}


class Client:
    """Appends, and notes only what the store has acknowledged."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ledger = Ledger()

    async def append(
        self, stream: UUID, expected: int, count: int = 1, *, title: str | None = None
    ) -> int:
        """Append; the stream's new version."""
        titles = [title or uuid4().hex for _ in range(count)]
        async with self.database.work(ORIGIN) as work:
            work.append(STREAM_TYPE, stream, expected, [changed(stream, t) for t in titles])
        self.ledger.note(stream, expected, titles)
        return expected + count

    async def append_all(self, streams: Sequence[UUID], expected: int, count: int) -> None:
        """Append to all of them in one unit of work, so that they are published together."""
        titles = {stream: [uuid4().hex for _ in range(count)] for stream in streams}
        async with self.database.work(ORIGIN) as work:
            for stream, fresh in titles.items():
                work.append(STREAM_TYPE, stream, expected, [changed(stream, t) for t in fresh])
        for stream, fresh in titles.items():
            self.ledger.note(stream, expected, fresh)

    async def fill(self, events: int, streams: int = 10) -> list[UUID]:
        """So many events over so many streams, in slices of up to 50."""
        made = [uuid4() for _ in range(streams)]
        each = events // streams
        for expected in range(0, each, 50):
            for stream in made:
                await self.append(stream, expected, min(50, each - expected))
        return made

    @asynccontextmanager
    async def busy(self, streams: int = 8) -> AsyncIterator[Ledger]:
        """Appends all the time, through every refusal, until the block ends."""
        stopping = asyncio.Event()
        tasks = [asyncio.create_task(self._append_on(uuid4(), stopping)) for _ in range(streams)]
        try:
            yield self.ledger
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    async def _append_on(self, stream: UUID, stopping: asyncio.Event) -> None:
        version: int | None = 0
        while not stopping.is_set():
            try:
                if version is None:
                    version = await self.database.pool.fetchval(
                        "select coalesce(max(version), 0) from events where stream_id = $1", stream
                    )
                assert version is not None
                version = await self.append(stream, version)
                await asyncio.sleep(0.02)
            except REFUSALS as refusal:
                self.ledger.refused.append(type(refusal).__name__)
                version = None
                await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Verdict:
    """What the oracle found."""

    acknowledged: int
    stored: int
    published: int
    lost: int
    """Acknowledged, not stored."""
    missing: int
    """Stored, not published."""
    strange: int
    """Published, not stored so."""
    copies: int
    """Records beyond one per event."""
    disorder: list[str]
    epochs: set[int]

    @property
    def clean(self) -> bool:
        """Nothing lost, missing, strange or out of order."""
        return not (self.lost or self.missing or self.strange or self.disorder)

    def __str__(self) -> str:
        return (
            f"A={self.acknowledged} S={self.stored} K={self.published} (copies {self.copies}), "
            f"A\\S={self.lost} S\\K={self.missing} K\\S={self.strange} {self.disorder[:3] or ''}"
        ).strip()


async def judge(
    database: Database, kafka: KafkaSettings, ledger: Ledger, *, held: Collection[UUID] = ()
) -> Verdict:
    """Compare the three. The events of `held` streams may be missing from the log."""
    rows = await database.pool.fetch(
        "select event_id, stream_id, version, data->>'title' as title, data::text as payload "
        "from events order by stream_id, version"
    )
    stored = {row["event_id"]: row["payload"] for row in rows}
    published = await records(kafka, TOPIC)
    disorder: list[str] = []
    in_store: defaultdict[UUID, list[int]] = defaultdict(list)
    for row in rows:
        in_store[row["stream_id"]].append(row["version"])
    first: defaultdict[UUID, dict[int, None]] = defaultdict(dict)
    for envelope, _ in published:
        first[envelope.stream_id].setdefault(envelope.version)
    for name, versions in (*in_store.items(), *((s, list(v)) for s, v in first.items())):
        if versions != list(range(1, len(versions) + 1)):
            disorder.append(f"{name}: {versions[:20]}")
    seen = {envelope.event_id for envelope, _ in published}
    return Verdict(
        acknowledged=len(ledger.kept),
        stored=len(rows),
        published=len(published),
        lost=len(ledger.kept - {(r["stream_id"], r["version"], r["title"]) for r in rows}),
        missing=len([r for r in rows if r["event_id"] not in seen and r["stream_id"] not in held]),
        strange=len([1 for e, value in published if stored.get(e.event_id) != value.decode()]),
        copies=len(published) - len(seen),
        disorder=disorder,
        epochs={envelope.relay_epoch for envelope, _ in published},
    )

"""Building a view anew beside the live one, comparing, and swapping (ADR 3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.fence import pass_fence
from deskstream_eventstore.lease import Lease
from deskstream_eventstore.metrics import VIEW_LAG, VIEW_PROGRESS
from deskstream_eventstore.recorded import COLUMNS, Recorded
from deskstream_eventstore.swap import checksum, create_beside, drop_beside, schema_of, swap
from deskstream_eventstore.views import View
from deskstream_eventstore.work import Database, ReplayWork

CHUNK = 1000
SWAP_TRIES = 20
LOCK_TIMEOUT = "2s"
LEASE_TTL = timedelta(seconds=60)

_NEXT = (
    f"select {COLUMNS} from events where position > $1 and position <= $2 "  # noqa: S608
    "and stream_type = any($3) order by position limit $4"
)
_DONE = """
insert into projection_checkpoint (name, version, position) values ($1, $2, $3)
on conflict (name) do update set version = excluded.version, position = excluded.position"""

Say = Callable[[int, int], None]


class RebuildRuns(StoreError):
    """Another process rebuilds this view now."""


@dataclass(frozen=True)
class RebuildReport:
    """What was replayed, and whether the live tables were right before the swap."""

    view: str
    events: int
    seconds: float
    checksum_live: str
    checksum_new: str

    @property
    def equal(self) -> bool:
        """Whether nothing changed by the rebuild."""
        return self.checksum_live == self.checksum_new


class Rebuild:
    """One rebuild. The view gets a unit of work that can neither append nor plan an effect.

    Killed half-way it leaves a schema that the next run drops; the live tables are untouched until
    the swap, which is one transaction.
    """

    def __init__(self, database: Database, view: View, say: Say | None = None) -> None:
        self._database = database
        self._view = view
        self._say = say or (lambda _done, _of: None)
        self._schema = schema_of(view.name)
        self._streams = sorted(view.stream_types)
        self._events = 0

    async def run(self) -> RebuildReport:
        """Replay, catch up, compare, swap. Raises RebuildRuns."""
        began = time.monotonic()
        connection = await self._database.alone(f"rebuild {self._view.name}")
        lease = Lease(f"rebuild:{self._view.name}", LEASE_TTL)
        try:
            if not await lease.take(connection):
                raise RebuildRuns(f"{self._view.name} is being rebuilt")
            await drop_beside(connection, self._schema)
            await create_beside(connection, self._schema, self._view.tables)
            position = await self._replay(connection, lease)
            live, new = await self._finish(connection, position)
            await lease.give_back(connection)
        finally:
            await connection.close()
        return RebuildReport(self._view.name, self._events, time.monotonic() - began, live, new)

    async def _replay(self, connection: Connection, lease: Lease) -> int:
        position = 0
        while True:
            safe = await pass_fence(connection)
            while position < safe:
                position = await self._chunk(connection, position, safe)
                await lease.renew(connection)
            if safe - position < CHUNK:
                return position

    async def _chunk(self, connection: Connection, position: int, safe: int) -> int:
        rows = await connection.fetch(_NEXT, position, safe, self._streams, CHUNK)
        async with connection.transaction():
            await self.apply(connection, [Recorded.from_row(row) for row in rows])
        position = rows[-1]["position"] if len(rows) == CHUNK else safe
        VIEW_LAG.labels(self._view.name).set(safe - position)
        VIEW_PROGRESS.labels(self._view.name).set(position / safe)
        self._say(position, safe)
        return position

    async def apply(self, connection: Connection, facts: list[Recorded]) -> None:
        """Apply facts to the tables beside the live ones, inside the caller's transaction."""
        await connection.execute(f"set local search_path to {self._schema}, public")
        work = ReplayWork(connection, None, self._database.subjects, {})
        for fact in facts:
            await self._view.apply(work, fact)
        await connection.execute("set local search_path to public")
        self._events += len(facts)

    async def _finish(self, connection: Connection, position: int) -> tuple[str, str]:
        for attempt in range(1, SWAP_TRIES + 1):
            events = self._events
            try:
                async with connection.transaction():
                    return await self._swap(connection, position)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                self._events = events
                if attempt == SWAP_TRIES:
                    raise
        raise AssertionError("unreachable")

    async def _swap(self, connection: Connection, position: int) -> tuple[str, str]:
        await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        tables = ", ".join(self._view.tables)
        await connection.execute(f"lock table {tables} in share row exclusive mode")
        last = await connection.fetchval("select coalesce(max(position), 0) from events")
        rows = await connection.fetch(_NEXT, position, last, self._streams, 2**31)
        await self.apply(connection, [Recorded.from_row(row) for row in rows])
        live = await checksum(connection, "public", self._view.tables)
        new = await checksum(connection, self._schema, self._view.tables)
        await swap(connection, self._schema, self._view.tables)
        await connection.execute(_DONE, self._view.name, self._view.version, last)
        return live, new


async def rebuild(database: Database, view: View, say: Say | None = None) -> RebuildReport:
    """Rebuild a view under live traffic. `say(done, of)` hears of progress by position."""
    return await Rebuild(database, view, say).run()

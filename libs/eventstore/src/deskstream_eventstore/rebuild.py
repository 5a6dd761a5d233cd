"""Building a view anew beside the live one, comparing, and swapping (ADR 3)."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from deskstream_eventstore.connection import CONNECTION_OUTAGES, Connection
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.fence import pass_fence
from deskstream_eventstore.lease import Lease
from deskstream_eventstore.metrics import VIEW_LAG, VIEW_PROGRESS
from deskstream_eventstore.recorded import COLUMNS, Recorded
from deskstream_eventstore.swap import checksum, create_beside, drop_beside, schema_of, swap
from deskstream_eventstore.views import View
from deskstream_eventstore.work import Database, ReplayWork

CHUNK = 1000
SWAP_TRIES = 100
LOCK_TIMEOUT = "500ms"
"""Shorter than PostgreSQL's deadlock_timeout (1 s): where writers and the swap wait for each other
it is the swap that gives way."""
LONGEST_PAUSE = 0.5
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


class NeverQuiet(StoreError):
    """The live tables could not be locked for the swap; they are as they were. Try again later."""


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
        """Replay, catch up, compare, swap. Raises RebuildRuns, NeverQuiet, NotRebuildable."""
        began = time.monotonic()
        connection = await self._database.alone(f"rebuild {self._view.name}")
        lease = Lease(f"rebuild:{self._view.name}", LEASE_TTL)
        try:
            if not await lease.take(connection):
                raise RebuildRuns(f"{self._view.name} is being rebuilt")
            try:
                live, new = await self._build(connection, lease)
            except (Exception, asyncio.CancelledError):
                with contextlib.suppress(*CONNECTION_OUTAGES):
                    await drop_beside(connection, self._schema)
                    await lease.give_back(connection)
                raise
            await lease.give_back(connection)
        finally:
            await connection.close()
        return RebuildReport(self._view.name, self._events, time.monotonic() - began, live, new)

    async def _build(self, connection: Connection, lease: Lease) -> tuple[str, str]:
        await drop_beside(connection, self._schema)
        await create_beside(connection, self._schema, self._view.tables)
        position = await self._replay(connection, lease)
        for table in self._view.tables:
            await connection.execute(f"analyze {self._schema}.{table}")
        return await self._finish(connection, position, lease)

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
        """Apply facts to the tables beside the live ones, inside the caller's transaction.

        No other table can be found by its name meanwhile: not the events, not the effects.
        """
        await connection.execute(f"set local search_path to {self._schema}")
        work = ReplayWork(connection, None, self._database.subjects, {})
        for fact in facts:
            await self._view.apply(work, fact)
        await connection.execute("set local search_path to public")
        self._events += len(facts)

    async def _finish(self, connection: Connection, position: int, lease: Lease) -> tuple[str, str]:
        events = self._events
        for _ in range(SWAP_TRIES):
            await lease.renew(connection)
            try:
                async with connection.transaction():
                    return await self._swap(connection, position)
            except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                self._events = events
            await asyncio.sleep(random.uniform(0.05, LONGEST_PAUSE))  # noqa: S311
        raise NeverQuiet(f"{self._view.name} could not be locked in {SWAP_TRIES} tries")

    async def _swap(self, connection: Connection, position: int) -> tuple[str, str]:
        """Whoever writes the view and has not ended keeps us from the lock; whoever comes later
        waits for it before he appends. So all events of the view are there to be read."""
        await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
        tables = ", ".join(self._view.tables)
        await connection.execute(f"lock table {tables} in access exclusive mode")
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

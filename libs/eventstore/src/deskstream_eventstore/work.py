"""The database of a service and its unit of work: one connection, one transaction."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
from pydantic_core import to_jsonable_python
from uuid_utils.compat import uuid7

from deskstream_events import Event, Meta
from deskstream_eventstore.append import Pending, insert, lost
from deskstream_eventstore.command_log import Idempotency, claim, keep
from deskstream_eventstore.connection import (
    Connection,
    StoreConnection,
    prepare,
    server_settings,
)
from deskstream_eventstore.errors import Conflict, EffectRefused, NotClaimed
from deskstream_eventstore.metrics import POOL_WAIT
from deskstream_eventstore.recorded import Recorded, load
from deskstream_eventstore.subjects import SubjectHasher
from deskstream_eventstore.views import View

T = TypeVar("T")

LONGEST_WORK = 40.0
"""Seconds, beyond the server's own limit: ends what waits for a database that is gone. One timer
for the block; asyncpg's `command_timeout` costs one per statement, a fifth of a unit of work."""
WAITED = 0.002
"""Seconds from which on getting a connection counts as waiting for one."""

_OVERTAKEN = """
select exists (
  select 1 from events join unnest($1::uuid[], $2::int[]) as mine(stream_id, version)
  using (stream_id, version)
)"""


@dataclass(frozen=True)
class Origin:
    """Who and why of one unit of work."""

    actor: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    idempotency: Idempotency | None = None


class Work:
    """One transaction. Ends with the block: committed, or rolled back if the block raised."""

    def __init__(
        self,
        connection: Connection,
        origin: Origin | None,
        subjects: SubjectHasher,
        views: dict[str, list[View]],
    ) -> None:
        self.connection = connection
        self.origin = origin
        self._subjects = subjects
        self._views = views
        self._pending: list[Pending] = []
        self._versions: dict[UUID, int] = {}
        self._metas: dict[tuple[Origin, tuple[str, ...]], Meta] = {}
        self._claimed: Idempotency | None = None
        self._answer: tuple[Any] | None = None

    async def once(self) -> None:
        """Claim the caller's Idempotency-Key: after the access check, before deciding.

        Without a key it does nothing. Raises AlreadyDone, AnswerNotKept, KeyReused, InFlight.
        """
        key = self.origin.idempotency if self.origin else None
        if key is not None and self._claimed is None:
            await claim(self.connection, key)
            self._claimed = key

    def answer(self, result: T, *, secret: bool = False) -> T:
        """Give the result back, and keep it for repeats of the key unless it shows a secret."""
        if self._claimed is not None and not secret:
            self._answer = (to_jsonable_python(result),)
        return result

    def append(
        self,
        stream_type: str,
        stream_id: UUID,
        expected: int,
        events: Sequence[Event],
        *,
        caused_by: Origin | None = None,
    ) -> None:
        """Note events for the end of the block; `expected` is the version decided on (0: new).

        A second append to the same stream goes on from the first, whose expectation stands.
        Raises ValueError without an origin, or for an event of another aggregate.
        """
        origin = caused_by or self.origin
        if origin is None:
            raise ValueError("an append needs an origin")
        version = self._versions.get(stream_id, expected)
        for event in events:
            if event.STREAM_TYPE != stream_type:
                raise ValueError(f"{event.TYPE} does not belong to a {stream_type}")
            version += 1
            self._pending.append(
                Pending(stream_id, stream_type, version, uuid7(), event, self._meta(origin, event))
            )
        self._versions[stream_id] = version

    def _meta(self, origin: Origin, event: Event) -> Meta:
        subjects = self._subjects.hashes(event.people())
        known = self._metas.get((origin, subjects))
        if known is None:
            known = self._metas[origin, subjects] = Meta(
                actor=origin.actor,
                correlation_id=origin.correlation_id,
                causation_id=origin.causation_id,
                traceparent=origin.traceparent,
                subjects=subjects,
            )
        return known

    async def load(
        self, stream_id: UUID, *, to_version: int | None = None, as_of: datetime | None = None
    ) -> list[Recorded]:
        """The stored events of a stream (not those noted in this block)."""
        return await load(self.connection, stream_id, to_version=to_version, as_of=as_of)

    async def finish(self) -> None:
        """Views, then the answer, then all events in one statement: what must come before commit.

        Called by the database when the block ends; consumers' runtime calls it per batch.
        """
        if not self._pending and self._answer is None:
            return
        key = self.origin.idempotency if self.origin else None
        if key is not None and self._claimed is None and self._pending:
            raise NotClaimed(f"{key.method} {key.path} appended without claiming its key")
        if self._views:
            await self._apply()
        if self._claimed is not None and self._answer is not None:
            await keep(self.connection, self._claimed, self._answer[0], self._versions)
        if self._pending:
            await insert(self.connection, self._pending)
            self._pending.clear()

    async def _apply(self) -> None:
        now = datetime.now(UTC)
        for p in self._pending:
            for view in self._views.get(p.stream_type, ()):
                fact = Recorded(
                    0, p.stream_id, p.stream_type, p.version, p.event_id, p.event, p.meta, now
                )
                await view.apply(self, fact)

    async def overtaken(self, connection: Connection) -> bool:
        """After a rollback: whether another has written a version that this block had noted."""
        streams = [pending.stream_id for pending in self._pending]
        versions = [pending.version for pending in self._pending]
        return bool(await connection.fetchval(_OVERTAKEN, streams, versions)) if streams else False


class ReplayWork(Work):
    """What a view gets while it is rebuilt: no event and no effect can come of it."""

    def append(self, *_: object, **__: object) -> None:
        """Refused. Raises EffectRefused."""
        raise EffectRefused("a rebuild appends nothing")


class Database:
    """A service's store: a small pool of connections."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        subjects: SubjectHasher,
        views: Sequence[View] = (),
        *,
        dsn: str,
    ) -> None:
        self.pool = pool
        self._dsn = dsn
        self.subjects = subjects
        self.views = tuple(views)
        self._by_stream: dict[str, list[View]] = {}
        for view in views:
            for stream_type in view.stream_types:
                self._by_stream.setdefault(stream_type, []).append(view)

    @classmethod
    async def connect(
        cls,
        dsn: str,
        *,
        size: int = 5,
        name: str,
        subjects: SubjectHasher,
        views: Sequence[View] = (),
    ) -> "Database":
        """Open the pool (lazily: one connection now). Raises OSError or asyncpg's errors."""
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=5,
            connection_class=StoreConnection,
            init=prepare,
            server_settings=server_settings(name),
        )
        return cls(pool, subjects, views, dsn=dsn)

    @asynccontextmanager
    async def work(self, origin: Origin | None = None) -> AsyncIterator[Work]:
        """A unit of work. Conflict and EventTooLarge are raised where the block ends.

        A deadlock is a conflict, and so is a read model's unique key that is taken because another
        wrote the same version first; any other unique violation is raised as it is. TimeoutError
        where the database, or a free connection, does not come in time.
        """
        work: Work | None = None
        try:
            began = time.perf_counter()
            async with asyncio.timeout(LONGEST_WORK), self.pool.acquire() as connection:
                if (waited := time.perf_counter() - began) > WAITED:
                    POOL_WAIT.inc(waited)
                async with connection.transaction():
                    work = self.on(connection, origin)
                    yield work
                    await work.finish()
        except asyncpg.DeadlockDetectedError:
            raise lost("writers met") from None
        except asyncpg.UniqueViolationError:
            async with self.pool.acquire() as connection:
                if work is None or not await work.overtaken(connection):
                    raise
            raise lost("another writer was first, as a read model shows") from None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        """A read-only transaction with one snapshot."""
        async with (
            asyncio.timeout(LONGEST_WORK),
            self.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield self.on(connection, None)

    def on(self, connection: Connection, origin: Origin | None) -> Work:
        """A unit of work on a transaction that the caller opened and ends (after `finish`)."""
        return Work(connection, origin, self.subjects, self._by_stream)

    async def alone(self, name: str) -> Connection:
        """A connection of its own, without the writers' time limits; the caller closes it."""
        connection = await asyncpg.connect(self._dsn, server_settings={"application_name": name})
        await prepare(connection)
        return connection

    async def close(self) -> None:
        """Give all connections back and close them."""
        await self.pool.close()


async def retrying(attempt: Callable[[], Awaitable[T]], tries: int = 3) -> T:
    """Run a whole use case again when it lost a race. Raises Conflict after the last try."""
    for _ in range(tries - 1):
        try:
            return await attempt()
        except Conflict:
            continue
    return await attempt()

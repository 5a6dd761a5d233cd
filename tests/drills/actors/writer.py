"""A writer in a process of its own whose one transaction the drill leads step by step."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import asyncpg
from drills.actors.telling import order, settings, tell
from drills.facts import ORIGIN, STREAM_TYPE, changed

from deskstream_eventstore import Conflict, Database, SubjectHasher
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.testing import KEY


class Writer:
    """One transaction at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held = AsyncExitStack()
        self._connection: Connection | None = None
        self._transaction: Any = None

    @property
    def connection(self) -> Connection:
        """That of the open transaction."""
        assert self._connection is not None, "begin first"
        return self._connection

    async def begin(self) -> None:
        """Open a transaction."""
        self._connection = await self._held.enter_async_context(self._database.pool.acquire())
        self._transaction = self.connection.transaction()
        await self._transaction.start()
        tell("begun", backend=self.connection.get_server_pid())

    async def business(self) -> None:
        """A write of its own, before any append: takes a transaction id."""
        await self.connection.execute("insert into business default values")
        xid = await self.connection.fetchval("select pg_current_xact_id()::text::bigint")
        tell("wrote", xid=xid)

    async def append(self, stream: str, expected: int, titles: list[str]) -> None:
        """The events, flushed: their positions are taken, nothing is committed."""
        work = self._database.on(self.connection, ORIGIN)
        events = [changed(UUID(stream), title) for title in titles]
        work.append(STREAM_TYPE, UUID(stream), expected, events)
        try:
            await work.finish()
        except Conflict:
            tell("appended", outcome="conflict")
        else:
            last = "select max(position) from events where stream_id = $1"
            tell("appended", outcome="ok", position=await self.connection.fetchval(last, stream))

    async def commit(self) -> None:
        """End it well, or say what ended it."""
        try:
            await self._transaction.commit()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
            tell("ended", outcome=type(failure).__name__)
        else:
            tell("ended", outcome="committed")
        await self._held.aclose()

    async def rollback(self) -> None:
        """End it without effect."""
        await self._transaction.rollback()
        await self._held.aclose()
        tell("ended", outcome="rolled back")

    async def whole(self, stream: str, expected: int, titles: list[str]) -> None:
        """A unit of work as a command makes it."""
        events = [changed(UUID(stream), title) for title in titles]
        try:
            async with self._database.work(ORIGIN) as work:
                work.append(STREAM_TYPE, UUID(stream), expected, events)
        except Conflict:
            tell("done", outcome="conflict")
        else:
            tell("done", outcome="ok")


async def main() -> None:
    """Follow orders until the drill goes."""
    database = await Database.connect(
        settings()["dsn"], size=2, name="drill-writer", subjects=SubjectHasher(KEY)
    )
    writer = Writer(database)
    tell("up")
    while (said := await order()) is not None:
        await getattr(writer, said.pop("do"))(**said)


if __name__ == "__main__":
    asyncio.run(main())

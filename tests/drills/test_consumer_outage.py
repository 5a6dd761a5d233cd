"""Fault 20: the database is down under a consumer."""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from drills.acting import acting
from drills.following_up import (
    TABLE,
    Line,
    all_acknowledged,
    count,
    effects,
    feed,
    once_and_in_order,
)
from drills.place import place
from drills.record import Drill

from deskstream_eventstore.testing import create_store
from deskstream_tools.local.databases import Databases
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.testing import RUN

DOWN_SECONDS = float(os.environ.get("DRILL_OUTAGE_SECONDS", "60"))
"""12 shows the same in the short form."""
SOCKET = ".s.PGSQL.5432"


class Door:
    """In front of a server's socket: counts who knocks, whether or not anyone is in."""

    def __init__(self, folder: Path, server: PostgresServer) -> None:
        self.folder = folder
        self.knocks: list[float] = []
        self._server = server
        self._open: set[asyncio.Task[None]] = set()

    def dsn(self, database: str) -> str:
        """The address of a database through this door."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='/')}"

    @asynccontextmanager
    async def kept(self) -> AsyncIterator["Door"]:
        """Stand there for the block."""
        server = await asyncio.start_unix_server(self._knock, self.folder / SOCKET)
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.knocks.append(time.monotonic())
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            inner = await asyncio.open_unix_connection(self._server.sockets / SOCKET)
            try:
                ways = (_pump(reader, inner[1]), _pump(inner[0], writer))
                await asyncio.gather(*ways)
            finally:
                inner[1].close()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            self._open.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A PostgreSQL of this drill's own, which may be hurt."""
    folder = Path(tempfile.mkdtemp(prefix="outage-", dir=os.environ[RUN]))
    folder.chmod(0o711)
    made = PostgresServer(folder / "postgres", durable=False)
    made.start()
    yield made
    made.remove()


@pytest.mark.fault(20)
@pytest.mark.timeout(240)
async def test_a_consumer_waits_for_its_database_without_storming_it(
    drill: Drill, server: PostgresServer, kafka_bootstrap: str
) -> None:
    dsn, line = Databases(server.dsn()).create("store"), Line()
    await asyncio.to_thread(create_store, dsn)
    with tempfile.TemporaryDirectory(prefix="door-", dir="/tmp") as folder:
        door = Door(Path(folder), server)
        async with door.kept(), place(dsn, kafka_bootstrap) as here:
            await here.database.pool.execute(TABLE)
            where = {"bootstrap": kafka_bootstrap, "prefix": here.kafka.prefix}
            own = {"dsn": door.dsn("store"), "kind": "Ours", "points": []}
            async with acting("following", **where, **own) as consumer:
                await feed(here.kafka, line.many(20))
                await all_acknowledged(here.database, here.kafka)
                await asyncio.to_thread(server.stop)
                began = time.monotonic()
                await feed(here.kafka, line.many(20))
                await consumer.hears("database does not answer")
                await asyncio.sleep(max(0.0, began + DOWN_SECONDS - time.monotonic()))
                down = [k for k in door.knocks if k > began]
                length = time.monotonic() - began
                drill.saw(length >= DOWN_SECONDS and down, f"down for {length:.0f} s")
                await asyncio.to_thread(server.start)
                up = time.monotonic()
                await all_acknowledged(here.database, here.kafka)
                back = time.monotonic() - up
                assert consumer.alive
            worst = max(sum(1 for k in down if at <= k < at + 1) for at in down)
            drill.kept(
                worst < 5,
                f"{len(down)} tries, {len(down) / length:.1f} a second, in the worst {worst}",
            )
            done = await effects(here.database)
            parked = await count(here.database, "parked_event")
            drill.kept(
                once_and_in_order(done, [line]) and not parked,
                f"{len(done)} effects, each once, none parked, {back:.1f} s after it was back",
            )

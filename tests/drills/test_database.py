"""Fault 14: PostgreSQL is killed under load and started again."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from drills.facts import TOPIC
from drills.place import Place, place
from drills.record import Drill
from drills.until import until
from reading import records

from deskstream_eventstore.connection import CONNECTION_OUTAGES
from deskstream_eventstore.testing import create_store
from deskstream_tools.local.databases import Databases
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.testing import RUN

CARELESS = {"synchronous_commit": "off", "wal_writer_delay": "10s"}
"""Acknowledges before the log is written."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """The data of a server of this drill's own, as durable as production."""
    found = Path(os.environ[RUN]) / f"postgres-{uuid4().hex[:8]}"
    yield found
    PostgresServer(found).remove()


async def store(server: PostgresServer) -> str:
    """A fresh store on a running server."""
    dsn = Databases(server.dsn()).create()
    await asyncio.to_thread(create_store, dsn)
    return dsn


async def killed_under_load(here: Place, server: PostgresServer) -> tuple[int, int]:
    """Kill and restart it while clients append and a relay publishes: the two servers' pids."""
    async with here.relaying() as relay, here.client.busy() as ledger:
        await relay.hears("advanced")
        await until(lambda: len(ledger.kept) > 100, "the clients to be busy")
        first = server.pid
        server.kill()
        assert not server.answers()
        await until(lambda: ledger.refused, "the clients to notice")
        await relay.hears("relay_waits")
        server.start()
        during = len(ledger.kept)
        await until(lambda: len(ledger.kept) > during + 50, "the clients' pool to recover")
        await relay.hears("advanced")
        assert relay.alive
    async with here.relaying():
        await here.all_published()
    assert first is not None
    assert server.pid is not None
    return first, server.pid


@pytest.mark.fault(14)
async def test_what_was_acknowledged_survives_a_killed_postgres_and_the_pools_recover(
    drill: Drill, folder: Path, kafka_bootstrap: str
) -> None:
    server = PostgresServer(folder)
    server.start()
    async with place(await store(server), kafka_bootstrap) as here:
        first, second = await killed_under_load(here, server)
        refused = len(here.client.ledger.refused)
        drill.saw(first != second, f"SIGKILL of {first}, back as {second}, {refused} refused")
        verdict = await here.verdict()
        drill.kept(verdict.clean, f"same clients, same relay: {verdict}")
    other = await store(server)
    server.stop()
    careless = PostgresServer(folder, settings=CARELESS)
    careless.start()
    async with place(other, kafka_bootstrap) as there:
        await there.client.fill(50)
        careless.kill()
        careless.start()
        found = await until_readable(there)
        drill.bit(found > 0, f"acknowledged before the log is written: {found} of 50 lost")
        assert not await records(there.kafka, TOPIC)


async def until_readable(there: Place) -> int:
    """How many acknowledged events the restarted server does not have."""
    kept = there.client.ledger.kept

    async def answers() -> bool:
        try:
            return bool(await there.database.pool.fetchval("select true"))
        except CONNECTION_OUTAGES:
            return False

    await until(answers, "the pool to recover")
    rows = await there.database.pool.fetch(
        "select stream_id, version, data->>'title' as title from events"
    )
    return len(kept - {(row["stream_id"], row["version"], row["title"]) for row in rows})

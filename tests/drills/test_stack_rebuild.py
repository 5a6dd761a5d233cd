"""Fault 22: a view is rebuilt under live traffic, and the rebuild is killed half-way."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from drills.mailing import process
from drills.record import Drill
from drills.site import Book, Site
from drills.until import until

LEASE_SECONDS = 60.0
"""Until the lease of a dead rebuild is free again."""


async def tables(connection: asyncpg.Connection, schema: str) -> list[str]:
    """The tables of a schema."""
    rows = await connection.fetch(
        "select table_name from information_schema.tables where table_schema = $1", schema
    )
    return sorted(row["table_name"] for row in rows)


async def rebuilt(site: Site, view: str) -> dict[str, Any]:
    """`python -m ticketing ops rebuild VIEW` to its end."""
    done = await asyncio.to_thread(site.stack.run, "ticketing", "ops", "rebuild", view)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@asynccontextmanager
async def reader(site: Site) -> AsyncIterator[asyncpg.Connection]:
    """Somebody in ticketing's database."""
    connection = await asyncpg.connect(site.stack.dsn("ticketing"))
    try:
        yield connection
    finally:
        await connection.close()


async def promises(book: Book, more: int) -> None:
    """Wait until so many more tickets are acknowledged."""
    wanted = len(book.promises) + more
    await until(lambda: len(book.promises) >= wanted, f"{wanted} acknowledged tickets", 90)


@pytest.mark.fault(22)
@pytest.mark.timeout(300)
async def test_a_view_rebuilt_under_traffic_equals_the_old_one_and_a_killed_rebuild_leaves_it(
    drill: Drill, site: Site, tmp_path: Path
) -> None:
    before = await site.mark()
    view, ops = "ticket", ("ticketing", "ops", "rebuild")
    async with site.load() as book, reader(site) as mine, reader(site) as other:
        await promises(book, 30)
        live = await rebuilt(site, view)
        drill.saw(live.get("equal"), f"rebuilt under traffic from {live.get('events')} events")
        drill.kept(live["checksum_live"] == live["checksum_new"], "the new one equals the old one")

        live_table = f"select 'public.{view}'::regclass::oid"
        kept = await mine.fetchval(live_table)
        async with mine.transaction():
            await mine.execute(f"lock table {view} in access share mode")  # nobody swaps now
            async with process(
                tmp_path / "rebuild.log", site.stack.env("ticketing"), *ops, view
            ) as running:

                async def built() -> bool:
                    beside = f"rebuild_{view}"
                    if view not in await tables(other, beside):
                        return False
                    return bool(await other.fetchval(f"select count(*) from {beside}.{view}"))

                await until(built, "the new tables to fill")
                running.kill()
                status = await running.wait()
        left = await tables(other, f"rebuild_{view}")
        drill.saw(status == -9 and left, f"SIGKILL half-way, {', '.join(left)} left beside")
        drill.kept(kept == await mine.fetchval(live_table), "the live view is the one it was")
        await promises(book, 20)

        again: dict[str, Any] = {}

        async def free() -> bool:
            nonlocal again
            again = await rebuilt(site, view)
            return again.get("error") != "rebuild_runs"

        await until(free, "the lease of the dead one to end", LEASE_SECONDS + 60)
        drill.kept(again["equal"], f"rebuilt again, from {again['events']} events, equal")
        gone = not await tables(other, f"rebuild_{view}")
        drill.kept(gone, "what the dead one left is gone")
    drill.kept(not book.given_up and not book.refusals, "no command was refused meanwhile")
    found = await site.reckon(book, before)
    drill.kept(found.whole and not found.silent, f"no effect of the replay: {found}")

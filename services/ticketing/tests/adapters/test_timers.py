"""Timers go on through outages, and one bad ticket does not hold up the others."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.infra.db.housekeeping import PruneStore
from ticketing.interface import timers
from ticketing.interface.timers import DueTimer, Housekeeper
from ticketing.testing import Api, Staff


async def until(run: Callable[[asyncio.Event], Awaitable[None]], holds: asyncio.Event) -> None:
    """Run a worker until something has happened, then stop it."""
    stopping = asyncio.Event()
    running = asyncio.ensure_future(run(stopping))
    async with asyncio.timeout(30):
        await holds.wait()
        stopping.set()
        await running


async def test_a_ticket_that_cannot_be_read_does_not_hold_up_other_replies(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    tickets = [await api.open(staff.agent) for _ in range(2)]
    replies = [(await api.reply(staff.agent, ticket)).json() for ticket in tickets]
    async with database.work() as work:
        spoil = "update events set data = '{}' where stream_id = $1 and version = 1"
        await work.connection.execute(spoil, UUID(tickets[0]["id"]))
    clock.advance(seconds=11)
    released, stopping = asyncio.Event(), asyncio.Event()

    async def watch() -> None:
        query = "select state from reply where id = $1"
        while not released.is_set():
            async with database.reading() as work:
                state = await work.connection.fetchval(query, UUID(replies[1]["reply_id"]))
            if state == "released":
                released.set()
                stopping.set()

    async with asyncio.timeout(30):
        timer = DueTimer("release replies", app.release_replies)
        await asyncio.gather(timer.run(stopping), watch())
    async with database.reading() as work:
        query = "select state from reply where id = $1"
        state = await work.connection.fetchval(query, UUID(replies[0]["reply_id"]))
    assert state == "queued"


async def test_an_outage_is_waited_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timers, "OUTAGE_SECONDS", 0.0)
    done, tries = asyncio.Event(), []

    async def job() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError
        done.set()
        return 1

    await until(Housekeeper({"job": job}).run, done)
    assert len(tries) == 3


async def test_old_answers_and_ids_are_forgotten_and_young_ones_kept(
    api: Api, database: Database, staff: Staff
):
    for key in ("old", "young"):
        await api(
            staff.agent,
            "POST",
            "/api/tickets",
            json={"subject": "x", "body_text": "y"},
            headers={"Idempotency-Key": key},
        )
    async with database.work() as work:
        await work.connection.execute(
            "update command_log set created_at = created_at - interval '25 hours' "
            "where idempotency_key = 'old'"
        )
    assert await PruneStore(database)() == 1
    async with database.reading() as work:
        assert await work.connection.fetchval("select idempotency_key from command_log") == "young"

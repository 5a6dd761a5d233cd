"""The read models say what the streams say, and a rebuild gives the same again."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from deskstream_chassis.access import system
from deskstream_chassis.clock import FixedClock
from deskstream_events.ticketing.reply import ReplyQueuedV1
from deskstream_eventstore import Database, Work, rebuild, retrying, run
from ticketing.application.add_note import AddNote
from ticketing.application.app import TicketingApp
from ticketing.application.cancel_reply import CancelReply
from ticketing.application.change_ticket import ChangeTicket
from ticketing.application.delete_ticket import DeleteTicket
from ticketing.application.handle_trouble import DiscardReply, EditReply, RetryReply
from ticketing.application.merge_tickets import MergeTickets
from ticketing.application.open_ticket import OpenTicket
from ticketing.application.ports import RawBody
from ticketing.application.record_call import RecordCall
from ticketing.application.reopen_ticket import ReopenTicket
from ticketing.application.reply_to_ticket import ReplyToTicket
from ticketing.application.restore_ticket import RestoreTicket
from ticketing.application.settle_reply import SettleReply
from ticketing.application.snooze_ticket import SnoozeTicket
from ticketing.application.unmerge_ticket import UnmergeTicket
from ticketing.domain.errors import TicketingError
from ticketing.domain.fold import fold
from ticketing.domain.replies import Delivered, Unclear, Undelivered
from ticketing.domain.ticket import Ticket
from ticketing.infra.db import tables
from ticketing.infra.db.views import views
from ticketing.testing import CREDIT, SUPPORT, Staff, actor_of, caller_of, later

STEPS = (
    "assign", "unassign", "credit", "hold", "solve", "close", "reopen", "high", "tag", "untag",
    "snooze", "wake", "spam", "delete", "restore", "share", "unshare", "watch",
    "merge", "unmerge",
    "schedule", "due", "edit", "retry", "discard",
    "note", "reply", "wait", "cancel", "release", "sent", "failed", "held",
)  # fmt: skip
COLUMNS = (
    "number", "status", "priority", "team_id", "assignee_id", "aside", "deleted",
    "snoozed_until", "merged_into", "status_since", "version",
)  # fmt: skip
OPENING = OpenTicket(
    subject="A drum leaks",
    body=RawBody(text="It leaks"),
    requester_name=None,
    requester_email="cora@customer.test",
    cc=("boss@customer.test",),
    team_id=SUPPORT.id,
    priority="normal",
    tags=("b", "ä", "Z"),
    assignee=None,
)
HOUR = timedelta(hours=1)
OUTCOMES = {
    "sent": Delivered("m@d", 1),
    "failed": Undelivered("smtp_550", 1),
    "held": Unclear("unknown_outcome", 1),
}


class World:
    """One ticket, moved by commands as people and processes would give them."""

    def __init__(self, app: TicketingApp, database: Database, clock: FixedClock, staff: Staff):
        self.app, self.database, self.clock, self.staff = app, database, clock, staff
        self.boss = caller_of(actor_of(staff.admin))
        self.id: UUID
        self.other: UUID
        self.replies: list[UUID] = []

    async def open(self) -> None:
        self.id = (await self.app.open_ticket(OPENING, self.boss)).id
        self.other = (await self.app.open_ticket(OPENING, self.boss)).id

    async def ticket(self) -> Ticket:
        async with self.database.reading() as work:
            facts = await work.load(self.id)
        ticket = fold((fact.version, fact.event) for fact in facts)
        assert ticket is not None
        return ticket

    async def step(self, name: str) -> None:
        self.clock.advance(seconds=4)
        with suppress(TicketingError):
            await self._step(name)

    async def _step(self, name: str) -> None:
        app, boss = self.app, self.boss
        changes = {
            "assign": {"assignee": self.staff.agent.id},
            "unassign": {"unassign": True},
            "credit": {"team_id": CREDIT.id, "unassign": True},
            "hold": {"status": "on_hold"},
            "solve": {"status": "solved"},
            "close": {"status": "closed"},
            "high": {"priority": "high"},
            "tag": {"tags": ("a", "b", "ö", "z")},
            "untag": {"tags": ("ö",)},
            "spam": {"status": "spam"},
            "share": {"shared_with": (self.staff.admin.id, self.staff.manager.id)},
            "unshare": {"shared_with": (self.staff.manager.id,)},
            "watch": {"watchers": (self.staff.other.id,)},
        }
        last = self.replies[-1] if self.replies else None
        if name in changes:
            seen = (await self.ticket()).version
            await app.change_ticket(ChangeTicket(self.id, seen, **changes[name]), boss)
        elif name == "reopen":
            await app.reopen_ticket(ReopenTicket(self.id, "admin", "again"), boss)
        elif name in ("snooze", "wake", "delete", "restore", "merge", "unmerge"):
            await self._out_of_sight(name)
        elif name == "note":
            await app.add_note(AddNote(self.id, RawBody(text="note")), boss)
        elif name in ("reply", "wait"):
            command = ReplyToTicket(
                self.id,
                RawBody(text="reply"),
                cc=("New@customer.test",),
                then="wait" if name == "wait" else None,
            )
            self.replies.append((await app.reply_to_ticket(command, boss)).reply_id)
        elif name == "release":
            await app.release_replies()
        elif name in ("schedule", "due", "edit", "retry", "discard"):
            await self._trouble(name, last)
        elif last and name == "cancel":
            await app.cancel_reply(CancelReply(self.id, last), boss)
        elif last:
            command = SettleReply(self.id, last, OUTCOMES[name], self.clock.now())
            origin = caller_of(system("test")).origin
            async with self.database.work() as work:
                await app.settle_reply(work, command, origin)

    async def _trouble(self, name: str, reply: UUID | None) -> None:
        app, boss = self.app, self.boss
        if name == "schedule":
            at = self.clock.now() + timedelta(seconds=10)
            later = ReplyToTicket(self.id, RawBody(text="later"), send_at=at)
            self.replies.append((await app.reply_to_ticket(later, boss)).reply_id)
        elif name == "due":
            self.clock.advance(seconds=10)
            await app.send_scheduled()
        elif reply is None:
            return
        elif name == "retry":
            await app.trouble.retry(RetryReply(self.id, reply), boss)
        elif name == "discard":
            await app.trouble.discard(DiscardReply(self.id, reply), boss)
        else:
            seen = (await self.ticket()).version
            await app.trouble.edit(EditReply(self.id, reply, seen, RawBody(text="x")), boss)

    async def _out_of_sight(self, name: str) -> None:
        app, boss = self.app, self.boss
        if name == "snooze":
            await app.snooze_ticket(SnoozeTicket(self.id, self.clock.now() + HOUR), boss)
        elif name == "wake":
            self.clock.advance(seconds=3600)
            await app.wake_tickets()
        elif name == "delete":
            await app.delete_ticket(DeleteTicket(self.id, (await self.ticket()).version), boss)
        elif name == "restore":
            await app.restore_ticket(RestoreTicket(self.id), boss)
        elif name == "merge":
            await app.merge_tickets(MergeTickets(self.id, self.other), boss)
        else:
            await app.unmerge_ticket(UnmergeTicket(self.id), boss)


async def rows(work: Work, table, ticket_id: UUID) -> list:
    key = table.c.id if table is tables.ticket else table.c.ticket_id
    return await run(work, select(table).where(key == ticket_id))


async def agrees(world: World) -> None:
    ticket = await world.ticket()
    async with world.database.reading() as work:
        (row,) = await rows(work, tables.ticket, ticket.id)
        replies = {r["id"]: r for r in await rows(work, tables.reply, ticket.id)}
        people = await rows(work, tables.participant, ticket.id)
    for name in COLUMNS:
        assert row[name] == getattr(ticket, name), name
    for name in ("shared", "watchers"):
        assert set(row[name]) == getattr(ticket, name), name
    assert tuple(row["tags"]) == ticket.tags
    assert (row["created_at"], row["updated_at"]) == (ticket.created_at, ticket.updated_at)
    assert replies.keys() == ticket.replies.keys()
    for reply_id, reply in ticket.replies.items():
        for name in ("state", "code", "mail_id", "attempts", "undo_until"):
            assert replies[reply_id][name] == getattr(reply, name), name
    async with world.database.reading() as work:
        queued = [f.event for f in await work.load(ticket.id) if isinstance(f.event, ReplyQueuedV1)]
    copied = {a.lower() for event in queued for a in event.cc_emails} | {"boss@customer.test"}
    assert {p["email"] for p in people if p["kind"] == "cc"} == copied


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(names=st.lists(st.sampled_from(STEPS), max_size=12))
async def test_rows_equal_the_fold_after_any_commands(
    app: TicketingApp, database: Database, clock: FixedClock, staff: Staff, names: list[str]
):
    world = World(app, database, clock, staff)
    await world.open()
    for name in names:
        await world.step(name)
    await agrees(world)


async def test_every_view_rebuilds_to_the_same_under_traffic(
    app: TicketingApp, database: Database, clock: FixedClock, staff: Staff
):
    worlds = [World(app, database, clock, staff) for _ in range(3)]
    for world in worlds:
        await world.open()

    async def traffic() -> None:
        for n, name in enumerate(STEPS * 2):
            missed = RecordCall(
                *("inbound", "missed", "2025550143", None, None, None),
                started_at=later(n),
                seconds=0,
            )
            await retrying(partial(app.record_call, missed, caller_of(system("webhook:3cx"))))
            for world in worlds:
                await world.step(name)

    running = asyncio.create_task(traffic())
    reports = []
    while not running.done():
        reports += [await rebuild(database, view) for view in views()]
    await running
    reports += [await rebuild(database, view) for view in views()]
    assert [r.view for r in reports if not r.equal] == []
    assert all(r.events for r in reports[-3:])
    for world in worlds:
        await agrees(world)


@pytest.mark.parametrize("view", views(), ids=lambda view: view.name)
def test_a_view_has_the_name_of_its_table(view):
    assert view.tables == (view.name,)

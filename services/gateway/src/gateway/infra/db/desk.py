"""Tickets as the gateway knows them, and who has them open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from deskstream_chassis.replica import KnownTicket
from deskstream_eventstore import Database, Work, compiled
from gateway.application.desk import Assigned, Desk, OpenTicket, PresenceState, Present
from gateway.domain.errors import ReplicaBehind
from gateway.infra.db.feed import DbFeed, tickets
from gateway.infra.db.outage import or_down
from gateway.infra.db.tables import REPLICA, presence, user_view

LISTED = 50
"""Open tickets that are named; the others are counted."""

_ticket = REPLICA.ticket
_mine = (
    _ticket.c.assignee_id == bindparam("owner"),
    _ticket.c.unsolved,
    ~_ticket.c.aside,
    ~_ticket.c.deleted,
)
_OPEN = compiled(
    select(_ticket.c.ticket_id, _ticket.c.number)
    .where(*_mine)
    .order_by(_ticket.c.number)
    .limit(LISTED)
)
_HOW_MANY = compiled(select(func.count()).select_from(_ticket).where(*_mine))
_here = insert(presence).values({c.name: bindparam(f"b_{c.name}") for c in presence.c})
_KEEP = compiled(
    _here.on_conflict_do_update(
        index_elements=[presence.c.ticket_id, presence.c.user_id],
        set_={"state": _here.excluded.state, "until": _here.excluded.until},
    )
)
_ON = compiled(
    select(presence.c.user_id, user_view.c.name, presence.c.state)
    .join_from(presence, user_view, presence.c.user_id == user_view.c.user_id)
    .where(
        presence.c.ticket_id == bindparam("ticket"),
        presence.c.until > bindparam("now"),
        user_view.c.status == "active",
    )
    .order_by(presence.c.user_id)
)
_GONE = compiled(delete(presence).where(presence.c.until <= bindparam("now")))


class DbDeskTickets:
    """See application/desk.DeskTickets and OpenTickets: over the replica."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, ticket: UUID | int) -> KnownTicket | None:
        """See there."""
        async with or_down(), self._database.reading() as work:
            if not await tickets.is_fresh(work):
                raise ReplicaBehind("which tickets there are is not known at this moment")
            return await tickets.find(work, ticket)

    async def assigned_to(self, user_id: UUID) -> Assigned | None:
        """See there."""
        async with or_down(), self._database.reading() as work:
            if not await tickets.is_fresh(work):
                return None
            rows = await _OPEN.fetch(work, owner=user_id)
            total = await _HOW_MANY.value(work, owner=user_id)
        return Assigned(tuple(OpenTicket(r["ticket_id"], r["number"]) for r in rows), total)


class DbPresence:
    """See application/desk.Presence: an unlogged table, empty after a crash of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(
        self, ticket_id: UUID, user_id: UUID, state: PresenceState, until: datetime
    ) -> None:
        """One row per person and ticket."""
        async with or_down(), self._database.work() as work:
            await _KEEP.execute(
                work, b_ticket_id=ticket_id, b_user_id=user_id, b_state=state, b_until=until
            )

    async def on(self, ticket_id: UUID, now: datetime) -> Sequence[Present]:
        """With their names of now."""
        async with or_down(), self._database.reading() as work:
            rows: Sequence[Any] = await _ON.fetch(work, ticket=ticket_id, now=now)
        return [Present(row["user_id"], row["name"], row["state"]) for row in rows]


def desk_of(database: Database) -> Desk:
    """All of it over one database."""
    known = DbDeskTickets(database)
    return Desk(DbFeed(database), known, known, DbPresence(database))


async def forget_gone(work: Work, now: datetime) -> int:
    """Delete those whose time is over; how many went."""
    return await _GONE.execute(work, now=now)

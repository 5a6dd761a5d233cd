"""The replica in PostgreSQL: written by a consumer's handlers, read by whoever must decide."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Interval,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from deskstream_chassis.access import TicketAccess
from deskstream_chassis.replica.facts import RULES, TicketFacts, follow
from deskstream_chassis.replica.tables import ReplicaTables
from deskstream_events.event import Event
from deskstream_events.gateway.team import TeamChangedV1, TeamCreatedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from deskstream_eventstore import Work, compiled, store_metadata

STALE = timedelta(seconds=30)
"""A replica further behind than this decides nothing (design 02 §3)."""

FOLLOWED: tuple[type[Event], ...] = (TicketOpenedV1, *RULES, TeamCreatedV1, TeamChangedV1)
"""What the replica wants to hear; everything else it may be told in vain."""


@dataclass(frozen=True)
class KnownTicket:
    """A ticket as the replica knows it, with what `decide` needs."""

    ticket_id: UUID
    number: int
    access: TicketAccess


class TicketReplica:
    """Facts of tickets and teams, kept by `consumer`, which must be an ordered one.

    What is not complete is not there: a ticket whose stream, or whose team's, has parked events,
    and one whose team nobody has told of, are not found.
    """

    def __init__(self, tables: ReplicaTables, consumer: str) -> None:
        self.tables = tables
        self.consumer = consumer
        ticket, team = tables.ticket, tables.team
        self._facts = compiled(select(ticket).where(ticket.c.ticket_id == bindparam("id")))
        values: dict[str, Any] = {column.name: bindparam(f"b_{column.name}") for column in ticket.c}
        kept = insert(ticket).values(values)
        self._keep = compiled(
            kept.on_conflict_do_update(
                index_elements=[ticket.c.ticket_id],
                set_={name: kept.excluded[name] for name in values if name != "ticket_id"},
            )
        )
        known = insert(team).values(team_id=bindparam("id"), restricted=bindparam("restricted"))
        self._keep_team = compiled(
            known.on_conflict_do_update(
                index_elements=[team.c.team_id], set_={"restricted": known.excluded.restricted}
            )
        )
        self._find = compiled(
            select(ticket, team.c.restricted)
            .join_from(ticket, team, ticket.c.team_id == team.c.team_id)
            .where(
                or_(
                    ticket.c.ticket_id == cast(bindparam("id"), Uuid),
                    ticket.c.number == cast(bindparam("number"), BigInteger),
                ),
                self.complete(),
            )
        )
        contact = tables.contact
        told = insert(contact).values(
            consumer=consumer,
            as_of=func.clock_timestamp() - cast(bindparam("age"), Interval),
        )
        self._contact = compiled(
            told.on_conflict_do_update(
                index_elements=[contact.c.consumer],
                set_={"as_of": func.greatest(contact.c.as_of, told.excluded.as_of)},
            )
        )
        self._fresh = compiled(select(self.fresh()))

    def complete(self) -> ColumnElement[bool]:
        """As a condition beside `ticket`: nothing of it, or of its team, is parked."""
        parked, ticket = store_metadata.tables["parked_event"], self.tables.ticket
        waiting: Select[Any] = select(literal_column("1")).where(
            parked.c.consumer == cast(self.consumer, Text),
            or_(parked.c.stream_id == ticket.c.ticket_id, parked.c.stream_id == ticket.c.team_id),
        )
        return ~waiting.correlate(ticket).exists()

    def fresh(self) -> ColumnElement[bool]:
        """As a condition: what is known is complete up to less than 30 s ago."""
        contact = self.tables.contact
        recent: Select[Any] = select(literal_column("1")).where(
            and_(
                contact.c.consumer == cast(self.consumer, Text),
                contact.c.as_of > func.clock_timestamp() - cast(STALE, Interval),
            )
        )
        return recent.exists()

    async def apply(self, work: Work, event: Event) -> None:
        """One event of a ticket or a team, in the consumer's transaction."""
        if isinstance(event, TeamCreatedV1 | TeamChangedV1):
            await self._keep_team.execute(work, id=event.team_id, restricted=event.restricted)
        elif isinstance(event, TicketOpenedV1):
            await self._write(work, None, event)
        elif type(event) in RULES:
            ticket_id: UUID = event.ticket_id  # type: ignore[attr-defined]
            row = await self._facts.row(work, id=ticket_id)
            await self._write(work, None if row is None else _facts_of(row), event)

    async def _write(self, work: Work, before: TicketFacts | None, event: Event) -> None:
        after = follow(before, event)
        if after is None or after == before:
            return
        await self._keep.execute(
            work,
            b_ticket_id=after.ticket_id,
            b_number=after.number,
            b_team_id=after.team_id,
            b_opened_by=after.opened_by,
            b_assignee_id=after.assignee_id,
            b_shared=sorted(after.shared),
            b_deleted=after.deleted,
            b_aside=after.aside,
            b_unsolved=after.unsolved,
        )

    async def find(self, work: Work, ticket: UUID | int) -> KnownTicket | None:
        """By id or by number; None where unknown or not complete."""
        by_id = isinstance(ticket, UUID)
        row = await self._find.row(
            work, id=ticket if by_id else None, number=None if by_id else ticket
        )
        return None if row is None else KnownTicket(row["ticket_id"], row["number"], access_of(row))

    async def told(self, work: Work, age: timedelta) -> None:
        """What is known is complete up to `age` ago."""
        await self._contact.execute(work, age=age)

    async def is_fresh(self, work: Work) -> bool:
        """Whether decisions may rest on it."""
        return bool(await self._fresh.value(work))


def _facts_of(row: Any) -> TicketFacts:
    return TicketFacts(
        row["ticket_id"],
        row["number"],
        row["team_id"],
        row["opened_by"],
        row["assignee_id"],
        frozenset(row["shared"]),
        row["deleted"],
        row["aside"],
        row["unsolved"],
    )


def access_of(row: Any) -> TicketAccess:
    """From a row of `ticket` joined with `team`."""
    return TicketAccess(
        row["team_id"],
        row["restricted"],
        row["assignee_id"],
        frozenset(row["shared"]),
        row["deleted"],
        row["opened_by"],
    )

"""Lists with dynamic filters: built per call, always behind the access predicate."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
)

from deskstream_chassis.access import AccessColumns, Actor, access_predicate, sees_notes
from deskstream_eventstore import Work, run
from ticketing.application.ports import (
    FailedReply,
    Filters,
    Position,
    Sort,
    TicketRow,
)
from ticketing.domain.ticket import Standing
from ticketing.infra.db.search import found_by
from ticketing.infra.db.tables import reply, team, ticket

FACTS = AccessColumns(
    team_id=ticket.c.team_id,
    restricted=func.coalesce(team.c.restricted, true()),
    assignee_id=ticket.c.assignee_id,
    shared=ticket.c.shared,
    deleted=ticket.c.deleted,
    opened_by=ticket.c.opened_by,
)
"""A team that is not known is taken for a restricted one, as in application.tickets.access_of."""
_with_team = ticket.outerjoin(team, team.c.id == ticket.c.team_id)
_troubled = text("reply.state in ('failed', 'held', 'bounced')")
_standing = func.coalesce(ticket.c.aside, ticket.c.status).label("status")
_ROW = tuple(
    _standing if name == "status" else ticket.c[name] for name in TicketRow.__dataclass_fields__
)


class PostgresLists:
    """Lists over `ticket` and `reply`; keyset pages, so depth costs nothing."""

    async def tickets(
        self,
        work: Work,
        actor: Actor,
        filters: Filters,
        sort: Sort,
        after: Position | None,
        limit: int,
    ) -> Sequence[TicketRow]:
        """As Lists.tickets."""
        query = (
            select(*_ROW)
            .select_from(_with_team)
            .where(
                access_predicate(actor, "view", FACTS),
                *_asked(filters, actor),
            )
        )
        column = ticket.c[sort.removeprefix("-")]
        value = _parse(sort, after[0]) if after else None
        query = _paged(query, column, ticket.c.id, sort.startswith("-"), value, after, limit)
        rows = await run(work, query)
        return [TicketRow(**{**row, "tags": tuple(row["tags"])}) for row in rows]

    async def count(self, work: Work, actor: Actor, filters: Filters, most: int) -> int:
        """As Lists.count."""
        found = (
            select(ticket.c.id)
            .select_from(_with_team)
            .where(
                access_predicate(actor, "view", FACTS),
                *_asked(filters, actor),
            )
            .limit(most)
            .subquery()
        )
        (row,) = await run(work, select(func.count().label("n")).select_from(found))
        return int(row["n"])

    async def failed_replies(
        self, work: Work, actor: Actor, after: Position | None, limit: int
    ) -> Sequence[FailedReply]:
        """As Lists.failed_replies."""
        query = (
            select(
                reply.c.id.label("reply_id"),
                reply.c.ticket_id,
                ticket.c.number.label("ticket_number"),
                reply.c.state,
                reply.c.code,
                reply.c.author_id,
                reply.c.queued_at,
                reply.c.changed_at,
                reply.c.attempts,
            )
            .select_from(reply.join(_with_team, ticket.c.id == reply.c.ticket_id))
            .where(
                _troubled,
                access_predicate(actor, "view", FACTS),
            )
        )
        value = datetime.fromisoformat(after[0]) if after else None
        query = _paged(query, reply.c.changed_at, reply.c.id, True, value, after, limit)
        return [FailedReply(**row) for row in await run(work, query)]


def _parse(sort: Sort, value: str) -> Any:
    return int(value) if sort.endswith("number") else datetime.fromisoformat(value)


def _paged(
    query: Select[Any],
    column: ColumnElement[Any],
    key: ColumnElement[Any],
    down: bool,
    value: Any,
    after: Position | None,
    limit: int,
) -> Select[Any]:
    if after is not None:
        here, there = tuple_(column, key), tuple_(value, after[1])
        query = query.where(here < there if down else here > there)
    order = (column.desc(), key.desc()) if down else (column, key)
    return query.order_by(*order).limit(limit)


def _asked(filters: Filters, actor: Actor) -> list[ColumnElement[bool]]:
    """Every one that is asked for; the others are not evaluated."""
    chosen: list[tuple[object, Callable[[], ColumnElement[bool]]]] = [
        (filters.watcher, lambda: ticket.c.watchers.contains([filters.watcher])),
        (filters.teams, lambda: ticket.c.team_id.in_(filters.teams)),
        (filters.assignee, lambda: ticket.c.assignee_id == filters.assignee),
        (filters.unassigned, lambda: ticket.c.assignee_id.is_(None)),
        (filters.priorities, lambda: ticket.c.priority.in_(filters.priorities)),
        (filters.channels, lambda: ticket.c.channel.in_(filters.channels)),
        (filters.tag, lambda: ticket.c.tags.contains([(filters.tag or "").casefold()])),
        (filters.customer, lambda: _asked_by(filters.customer or "")),
        (filters.troubled, lambda: ticket.c.id.in_(select(reply.c.ticket_id).where(_troubled))),
        (filters.text, lambda: found_by(filters.text or "", notes=sees_notes(actor))),
        (filters.created_since, lambda: ticket.c.created_at >= filters.created_since),
        (filters.created_before, lambda: ticket.c.created_at < filters.created_before),
        (filters.updated_since, lambda: ticket.c.updated_at >= filters.updated_since),
        (filters.updated_before, lambda: ticket.c.updated_at < filters.updated_before),
    ]
    return _in_sight(filters) + [condition() for given, condition in chosen if given]


def _asked_by(address: str) -> ColumnElement[bool]:
    return func.lower(ticket.c.requester_email) == address.lower()


def _in_sight(filters: Filters) -> list[ColumnElement[bool]]:
    found = [
        ticket.c.deleted if filters.deleted else not_(ticket.c.deleted),
        _stands(filters.statuses) if filters.statuses else ticket.c.aside.is_(None),
    ]
    if filters.snoozed is not None:
        hidden = ticket.c.snoozed_until.is_not(None)
        found.append(hidden if filters.snoozed else not_(hidden))
    return found


def _stands(standings: Sequence[Standing]) -> ColumnElement[bool]:
    plain = and_(ticket.c.aside.is_(None), ticket.c.status.in_(standings))
    return or_(plain, ticket.c.aside.in_(standings))

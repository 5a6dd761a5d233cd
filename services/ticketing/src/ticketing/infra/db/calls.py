"""Lists of calls, always behind the access predicate."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_chassis.access import AccessColumns, Actor, access_predicate
from deskstream_eventstore import Work, compiled, run
from ticketing.application.calls import CallFilters, CallPosition, CallRow
from ticketing.infra.db.lists import FACTS
from ticketing.infra.db.tables import call, call_report, team, ticket

_own = team.alias("own_team")
UNLINKED = AccessColumns(
    team_id=call.c.team_id,
    restricted=func.coalesce(_own.c.restricted, true()),
    assignee_id=call.c.agent_id,
    shared=literal([], ARRAY(Uuid())),
    deleted=false(),
    opened_by=literal_column("''"),
)
"""The facts of a call that no ticket has, as in application.calls."""
_all = (
    call.outerjoin(ticket, ticket.c.id == call.c.ticket_id)
    .outerjoin(team, team.c.id == ticket.c.team_id)
    .outerjoin(_own, _own.c.id == call.c.team_id)
)
_ROW = tuple(call.c[name] for name in CallRow.__dataclass_fields__)
CLAIM = compiled(
    insert(call_report)
    .values({c.name: bindparam(f"b_{c.name}") for c in call_report.c})
    .on_conflict_do_nothing()
)
CLAIMED = compiled(
    select(call_report.c.call_id).where(call_report.c.digest == bindparam("b_digest"))
)
ALONE = compiled(
    select(
        func.pg_advisory_xact_lock(func.hashtextextended(bindparam("b_phone"), literal_column("0")))
    )
)
OPEN_TICKET = compiled(
    select(ticket.c.id)
    .select_from(call.join(ticket, ticket.c.id == call.c.ticket_id))
    .where(
        call.c.phone == bindparam("b_phone"),
        ticket.c.status.not_in([literal_column("'solved'"), literal_column("'closed'")]),
        ticket.c.aside.is_(None),
        not_(ticket.c.deleted),
    )
    .order_by(ticket.c.created_at.desc(), ticket.c.id.desc())
    .limit(1)
)


class PostgresCalls:
    """As application.calls.CallLists."""

    async def calls(
        self,
        work: Work,
        actor: Actor,
        filters: CallFilters,
        after: CallPosition | None,
        limit: int,
    ) -> Sequence[CallRow]:
        """Keyset pages."""
        query = select(*_ROW).select_from(_all).where(_seen_by(actor), *_asked(filters))
        if after is not None:
            query = query.where(tuple_(call.c.started_at, call.c.id) < tuple_(*after))
        query = query.order_by(call.c.started_at.desc(), call.c.id.desc()).limit(limit)
        return [CallRow(**row) for row in await run(work, query)]

    async def claim(self, work: Work, digest: str, call_id: UUID) -> UUID:
        """By the primary key."""
        await CLAIM.execute(work, b_digest=digest, b_call_id=call_id)
        kept: UUID = await CLAIMED.value(work, b_digest=digest)
        return kept

    async def open_ticket_of(self, work: Work, phone: str) -> UUID | None:
        """One asks for a number at a time, so that two calls do not open two tickets."""
        await ALONE.value(work, b_phone=phone)
        found: UUID | None = await OPEN_TICKET.value(work, b_phone=phone)
        return found


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    return or_(
        and_(call.c.ticket_id.is_not(None), access_predicate(actor, "view", FACTS)),
        and_(call.c.ticket_id.is_(None), access_predicate(actor, "view", UNLINKED)),
    )


def _asked(filters: CallFilters) -> list[ColumnElement[bool]]:
    chosen: list[tuple[object, Callable[[], ColumnElement[bool]]]] = [
        (filters.direction, lambda: call.c.direction == filters.direction),
        (filters.outcome, lambda: call.c.outcome == filters.outcome),
        (filters.agent, lambda: call.c.agent_id == filters.agent),
        (filters.ticket, lambda: call.c.ticket_id == filters.ticket),
        (filters.phone, lambda: call.c.phone == filters.phone),
        (filters.since, lambda: call.c.started_at >= filters.since),
        (filters.before, lambda: call.c.started_at < filters.before),
    ]
    found = [condition() for given, condition in chosen if given is not None]
    if filters.linked is not None:
        found.append(
            call.c.ticket_id.is_not(None) if filters.linked else call.c.ticket_id.is_(None)
        )
    return found

"""The row of a ticket in lists, with the facts that access needs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Uuid, all_, bindparam, case, false, func, insert, select, true, update

from deskstream_events.event import REDACTED, Event
from deskstream_events.ticketing import merging, standing
from deskstream_events.ticketing import ticket as events
from deskstream_eventstore import Recorded, Statement, Work, compiled
from ticketing.infra.db.tables import ticket

TAGS = bindparam("b_tags", type_=ticket.c.tags.type)

AT = bindparam("b_at", type_=ticket.c.updated_at.type)


SINCE = case((ticket.c.status == bindparam("b_status"), ticket.c.status_since), else_=AT)


def _set(**values: Any) -> Statement:
    moved = {
        "version": bindparam("b_version"),
        "updated_at": func.greatest(
            ticket.c.updated_at, bindparam("b_at", type_=ticket.c.updated_at.type)
        ),
    }
    return compiled(update(ticket).where(ticket.c.id == bindparam("b_id")).values(moved | values))


def _array(column: Any, query: Any) -> Any:
    return func.array(query.order_by(column.collate("C")).scalar_subquery())


DEFAULTED = ("shared", "deleted", "aside", "merged_into", "watchers", "snoozed_until")
"""Columns that a new ticket has from the table."""
_had = func.unnest(ticket.c.tags).column_valued("had")
_both = func.unnest(ticket.c.tags.op("||")(TAGS)).column_valued("both")

INSERT = compiled(
    insert(ticket).values(
        {
            column.name: bindparam(f"b_{column.name}")
            for column in ticket.c
            if column.name not in DEFAULTED
        }
    )
)
TOUCH = _set()
STATUS = _set(status=bindparam("b_status"), status_since=SINCE)
PRIORITY = _set(priority=bindparam("b_priority"))
TEAM = _set(team_id=bindparam("b_team_id"))
ASSIGNEE = _set(assignee_id=bindparam("b_assignee_id"))
ADD_TAGS = _set(tags=_array(_both, select(_both).group_by(_both).correlate(ticket)))
REMOVE_TAGS = _set(tags=_array(_had, select(_had).where(_had != all_(TAGS)).correlate(ticket)))


SNOOZED = bindparam("b_until", type_=ticket.c.snoozed_until.type)
OVER = _set(status=bindparam("b_status"), status_since=SINCE, snoozed_until=None)
SNOOZE = _set(snoozed_until=SNOOZED)
ASIDE = _set(aside=bindparam("b_aside"), snoozed_until=None)
MERGED = _set(aside="merged", merged_into=bindparam("b_into"), snoozed_until=None)
ALONE = _set(aside=None, merged_into=None)
DELETED = _set(deleted=true(), snoozed_until=None)
NOT_DELETED = _set(deleted=false())


def _with(column: Any) -> Statement:
    without = func.array_remove(column, USER)
    return _set(**{column.name: func.array_append(without, USER)})


USER = bindparam("b_user", type_=Uuid())
SHARED = _with(ticket.c.shared)
UNSHARED = _set(shared=func.array_remove(ticket.c.shared, USER))
WATCHED = _with(ticket.c.watchers)
UNWATCHED = _set(watchers=func.array_remove(ticket.c.watchers, USER))


def _nothing(_event: Event) -> dict[str, Any]:
    return {}


CHANGES: dict[type[Event], tuple[Statement, Callable[[Any], dict[str, Any]]]] = {
    events.TicketStatusChangedV1: (STATUS, lambda e: {"b_status": e.status}),
    events.TicketSolvedV1: (OVER, lambda _: {"b_status": "solved"}),
    events.TicketClosedV1: (OVER, lambda _: {"b_status": "closed"}),
    events.TicketReopenedV1: (STATUS, lambda _: {"b_status": "open"}),
    events.TicketPriorityChangedV1: (PRIORITY, lambda e: {"b_priority": e.priority}),
    events.TicketTeamChangedV1: (TEAM, lambda e: {"b_team_id": e.team_id}),
    events.TicketAssignedV1: (ASSIGNEE, lambda e: {"b_assignee_id": e.assignee_id}),
    events.TicketUnassignedV1: (ASSIGNEE, lambda _: {"b_assignee_id": None}),
    events.TicketTaggedV1: (ADD_TAGS, lambda e: {"b_tags": list(e.tags)}),
    events.TicketUntaggedV1: (REMOVE_TAGS, lambda e: {"b_tags": list(e.tags)}),
    standing.TicketSnoozedV1: (SNOOZE, lambda e: {"b_until": e.until}),
    standing.SnoozeEndedV1: (SNOOZE, lambda _: {"b_until": None}),
    standing.TicketMarkedSpamV1: (ASIDE, lambda _: {"b_aside": "spam"}),
    merging.TicketMergedV1: (MERGED, lambda e: {"b_into": e.survivor_id}),
    standing.TicketDeletedV1: (DELETED, _nothing),
    standing.TicketSharedV1: (SHARED, lambda e: {"b_user": e.user_id}),
    standing.TicketUnsharedV1: (UNSHARED, lambda e: {"b_user": e.user_id}),
    standing.TicketWatchedV1: (WATCHED, lambda e: {"b_user": e.user_id}),
    standing.TicketUnwatchedV1: (UNWATCHED, lambda e: {"b_user": e.user_id}),
}
"""Which columns an event sets; any other only moves version and time."""
RESTORED: dict[str, tuple[Statement, Callable[[Any], dict[str, Any]]]] = {
    "deleted": (NOT_DELETED, _nothing),
    "spam": (ASIDE, lambda _: {"b_aside": None}),
}


class TicketView:
    """`ticket`: one row each."""

    name = "ticket"
    version = 1
    stream_types = frozenset({"ticketing.ticket"})
    tables: tuple[str, ...] = ("ticket",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and the row alone."""
        event = fact.event
        if isinstance(event, events.TicketOpenedV1):
            await INSERT.execute(work, **_row(event, fact.version))
            return
        statement, what = CHANGES.get(type(event), (TOUCH, _nothing))
        if isinstance(event, standing.TicketRestoredV1):
            statement, what = RESTORED[event.was]
        elif isinstance(event, merging.TicketUnmergedV1) and event.loser_id == fact.stream_id:
            statement = ALONE
        await statement.execute(
            work, b_id=fact.stream_id, b_version=fact.version, b_at=event.at, **what(event)
        )


def _row(event: events.TicketOpenedV1, version: int) -> dict[str, Any]:
    def known(value: str | None) -> str | None:
        return None if value == REDACTED else value

    return {
        "b_id": event.ticket_id,
        "b_number": event.number,
        "b_channel": event.channel,
        "b_subject": event.subject,
        "b_status": "new",
        "b_priority": event.priority,
        "b_team_id": event.team_id,
        "b_assignee_id": None,
        "b_requester_name": known(event.requester_name),
        "b_requester_email": known(event.requester_email),
        "b_tags": sorted(event.tags),
        "b_opened_by": event.opened_by,
        "b_created_at": event.at,
        "b_status_since": event.at,
        "b_updated_at": event.at,
        "b_version": version,
    }

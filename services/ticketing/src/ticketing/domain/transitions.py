"""From one state to another, by staff: 04-domain.md §1."""

from datetime import datetime
from typing import Literal

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import (
    Status,
    TicketClosedV1,
    TicketReopenedV1,
    TicketSolvedV1,
    TicketStatusChangedV1,
)
from ticketing.domain.errors import ReasonMissing, TransitionRefused
from ticketing.domain.guards import in_use, not_closed, solvable
from ticketing.domain.ticket import Ticket

Cause = Literal["staff", "assigned", "note", "reply", "reply_cancelled"]


def move(ticket: Ticket, to: Status, at: datetime, *, cause: Cause = "staff") -> tuple[Event, ...]:
    """Staff set the state; nothing where it is that already.

    Closing passes through solved, so that a resolution is always on record. Raises TicketClosed,
    AssigneeMissing, TransitionRefused (nothing becomes new again).
    """
    if to == ticket.status:
        return ()
    not_closed(ticket)
    if to == "new":
        raise TransitionRefused("a ticket does not become new again", field="status")
    if to == "solved":
        solvable(ticket)
        return (TicketSolvedV1(ticket_id=ticket.id, at=at, previous=ticket.status),)
    if to == "closed":
        return (*move(ticket, "solved", at), _close(ticket, at))
    if ticket.status == "solved":
        back = TicketReopenedV1(ticket_id=ticket.id, at=at, previous="solved", by="staff")
        onward = () if to == "open" else (changed(ticket, to, at, cause, previous="open"),)
        return (back, *onward)
    return (changed(ticket, to, at, cause),)


def _close(ticket: Ticket, at: datetime) -> TicketClosedV1:
    return TicketClosedV1(ticket_id=ticket.id, at=at, previous="solved", cause="staff")


def taken_up(ticket: Ticket, at: datetime, cause: Cause) -> tuple[Event, ...]:
    """The first human act makes a new ticket an open one; any other stays as it is."""
    return (changed(ticket, "open", at, cause),) if ticket.status == "new" else ()


def restore(ticket: Ticket, to: Status, at: datetime) -> tuple[Event, ...]:
    """Back to the state before a reply that was taken back."""
    if to == ticket.status:
        return ()
    if to == "solved":
        return (TicketSolvedV1(ticket_id=ticket.id, at=at, previous=ticket.status),)
    return (changed(ticket, to, at, "reply_cancelled"),)


def reopen(
    ticket: Ticket, at: datetime, *, by: Literal["staff", "admin"], reason: str | None
) -> tuple[Event, ...]:
    """From solved; an admin, who must say why, also from closed. Raises TicketDeleted,
    TicketIsSpam, TicketClosed, TransitionRefused (it is not over), ReasonMissing."""
    in_use(ticket)
    if by == "admin":
        needed_reason(reason)
    if by == "staff":
        not_closed(ticket)
    if ticket.status not in ("solved", "closed"):
        raise TransitionRefused(f"a ticket that is {ticket.status} cannot be reopened")
    return (
        TicketReopenedV1(
            ticket_id=ticket.id, at=at, previous=ticket.status, by=by, reason=reason or None
        ),
    )


def needed_reason(reason: str | None) -> str:
    """Raises ReasonMissing."""
    if not (reason and reason.strip()):
        raise ReasonMissing("say why", field="reason")
    return reason


def undeliverable(ticket: Ticket, at: datetime) -> tuple[Event, ...]:
    """A staff reply did not arrive: whatever waits or is over is work again."""
    if ticket.status in ("new", "open"):
        return ()
    return (
        TicketReopenedV1(ticket_id=ticket.id, at=at, previous=ticket.status, by="delivery_failed"),
    )


def changed(
    ticket: Ticket, to: Status, at: datetime, cause: Cause, previous: Status | None = None
) -> TicketStatusChangedV1:
    """The event of an ordinary change of state."""
    return TicketStatusChangedV1(
        ticket_id=ticket.id, at=at, status=to, previous=previous or ticket.status, cause=cause
    )

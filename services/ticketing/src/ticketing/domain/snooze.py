"""Out of sight for a while: it lies on top of the state, which stays as it is."""

from datetime import datetime, timedelta
from typing import Literal

from deskstream_events.event import Event
from deskstream_events.ticketing.standing import SnoozeEndedV1, TicketSnoozedV1
from ticketing.domain import guards
from ticketing.domain.errors import SnoozeInvalid, TransitionRefused
from ticketing.domain.ticket import Ticket

LONGEST = timedelta(days=366)


def snooze(ticket: Ticket, until: datetime | None, *, by: str, at: datetime) -> tuple[Event, ...]:
    """Until then, or (None) no longer; nothing where that is so already.

    Raises TicketDeleted, TicketMerged, TicketIsSpam, TransitionRefused (it is over),
    SnoozeInvalid.
    """
    guards.in_use(ticket)
    if until is None:
        return end_snooze(ticket, at, "staff")
    if ticket.status in ("solved", "closed"):
        raise TransitionRefused(f"a ticket that is {ticket.status} cannot be snoozed")
    if not at < until <= at + LONGEST:
        raise SnoozeInvalid("an instant to come, within a year", field="until")
    if until == ticket.snoozed_until:
        return ()
    return (TicketSnoozedV1(ticket_id=ticket.id, at=at, until=until, snoozed_by=by),)


def end_snooze(
    ticket: Ticket, at: datetime, cause: Literal["customer", "staff"]
) -> tuple[Event, ...]:
    """In sight again, early; nothing where it is not snoozed."""
    if ticket.snoozed_until is None:
        return ()
    return (SnoozeEndedV1(ticket_id=ticket.id, at=at, cause=cause),)


def wake(ticket: Ticket, at: datetime) -> tuple[Event, ...]:
    """The time has come; nothing where it has not, or the ticket is not snoozed any more."""
    if ticket.snoozed_until is None or at < ticket.snoozed_until:
        return ()
    return (SnoozeEndedV1(ticket_id=ticket.id, at=at, cause="due"),)

"""Deleting, marking as spam, and bringing back. Nothing is erased by any of them."""

from datetime import datetime

from deskstream_events.event import Event
from deskstream_events.ticketing.standing import (
    TicketDeletedV1,
    TicketMarkedSpamV1,
    TicketRestoredV1,
)
from ticketing.domain import guards
from ticketing.domain.errors import NotRemoved
from ticketing.domain.fold import fold
from ticketing.domain.replies import cancel_reply
from ticketing.domain.ticket import Ticket


def delete(ticket: Ticket, by: str, at: datetime) -> tuple[Event, ...]:
    """Away; replies that could still be taken back are. Nothing where it is deleted already.
    Raises TicketMerged: what a survivor shows is not deleted through its source."""
    if ticket.deleted:
        return ()
    guards.present(ticket)
    gone = TicketDeletedV1(ticket_id=ticket.id, at=at, deleted_by=by)
    return (*_taken_back(ticket, by, at), gone)


def mark_spam(ticket: Ticket, by: str, at: datetime) -> tuple[Event, ...]:
    """Aside; replies that could still be taken back are. Nothing where it is spam already.
    Raises TicketDeleted, TicketMerged."""
    guards.present(ticket)
    if ticket.aside == "spam":
        return ()
    marked = TicketMarkedSpamV1(ticket_id=ticket.id, at=at, marked_by=by)
    return (*_taken_back(ticket, by, at), marked)


def bring_back(ticket: Ticket, by: str, at: datetime) -> tuple[Event, ...]:
    """As it was before it was deleted, else before it was spam. Raises NotRemoved."""
    if ticket.deleted:
        return (TicketRestoredV1(ticket_id=ticket.id, at=at, was="deleted", restored_by=by),)
    if ticket.aside == "spam":
        return (TicketRestoredV1(ticket_id=ticket.id, at=at, was="spam", restored_by=by),)
    raise NotRemoved("the ticket is neither deleted nor spam")


def _taken_back(ticket: Ticket, by: str, at: datetime) -> tuple[Event, ...]:
    """Newest first, so that each gives back the state before it."""
    events: list[Event] = []
    now = ticket
    for reply in reversed(tuple(ticket.replies.values())):
        if reply.state not in ("queued", "scheduled"):
            continue
        more = cancel_reply(now, reply.id, by, at)
        after = fold(enumerate(more, now.version + 1), now)
        assert after is not None
        now = after
        events += more
    return tuple(events)

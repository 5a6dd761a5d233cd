"""What silence does: a solved ticket is closed after a while (04-domain.md §1)."""

from datetime import datetime, timedelta

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import TicketClosedV1
from ticketing.domain.ticket import Ticket


def close_after(ticket: Ticket, silence: timedelta, at: datetime) -> tuple[Event, ...]:
    """Closed, where it has been solved for so long; nothing where it has not, or stands aside."""
    if ticket.status != "solved" or ticket.aside or ticket.deleted:
        return ()
    if at < ticket.status_since + silence:
        return ()
    return (TicketClosedV1(ticket_id=ticket.id, at=at, previous="solved", cause="silence"),)

"""Whose work a ticket is."""

from datetime import datetime

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import TicketAssignedV1
from ticketing.domain.people import Person
from ticketing.domain.ticket import Ticket


def assign(ticket: Ticket, person: Person, by: str, at: datetime) -> tuple[Event, ...]:
    """It becomes his; nothing where it is already."""
    if ticket.assignee_id == person.id:
        return ()
    return (
        TicketAssignedV1(
            ticket_id=ticket.id,
            at=at,
            assignee_id=person.id,
            previous_id=ticket.assignee_id,
            assigned_by=by,
        ),
    )

"""Sharing with single members of staff, and watching."""

from collections.abc import Iterable
from datetime import datetime

from deskstream_events.event import Event
from deskstream_events.ticketing.standing import (
    TicketSharedV1,
    TicketUnsharedV1,
    TicketUnwatchedV1,
    TicketWatchedV1,
)
from ticketing.domain.errors import CannotShare, CannotWatch
from ticketing.domain.people import Person, Team
from ticketing.domain.ticket import Ticket


def share(
    ticket: Ticket, people: Iterable[Person], team: Team, *, by: str, at: datetime
) -> tuple[Event, ...]:
    """With just these. Who is new must be active; a restricted ticket is shared with those only
    who see its team anyway. Raises CannotShare."""
    wanted = {person.id: person for person in people}
    new = [person for one, person in wanted.items() if one not in ticket.shared]
    for person in new:
        if not person.active or person.role is None:
            raise CannotShare("only active staff", field="shared_with")
        if team.restricted and not person.sees_team(team.id):
            raise CannotShare("the ticket's team is restricted", field="shared_with")
    gone = sorted(one for one in ticket.shared if one not in wanted)
    return (
        *(TicketSharedV1(ticket_id=ticket.id, at=at, user_id=p.id, shared_by=by) for p in new),
        *(TicketUnsharedV1(ticket_id=ticket.id, at=at, user_id=one) for one in gone),
    )


def watch(ticket: Ticket, people: Iterable[Person], *, at: datetime) -> tuple[Event, ...]:
    """Watched by just these; who is new must be active. Raises CannotWatch."""
    wanted = {person.id: person for person in people}
    new = [person for one, person in wanted.items() if one not in ticket.watchers]
    if any(not person.active or person.role is None for person in new):
        raise CannotWatch("only active staff", field="watchers")
    gone = sorted(one for one in ticket.watchers if one not in wanted)
    return (
        *(TicketWatchedV1(ticket_id=ticket.id, at=at, user_id=p.id) for p in new),
        *(TicketUnwatchedV1(ticket_id=ticket.id, at=at, user_id=one) for one in gone),
    )

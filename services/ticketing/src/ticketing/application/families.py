"""Loading the tickets of which one shows something, and finding where a message is shown now.

Nothing here asks for access: who may see a ticket may see what it shows.
"""

from datetime import datetime
from uuid import UUID

from deskstream_eventstore import Work
from ticketing.domain.errors import TicketUnknown
from ticketing.domain.family import needed
from ticketing.domain.fold import fold
from ticketing.domain.ticket import Ticket


async def stored(work: Work, ticket_id: UUID, as_of: datetime | None = None) -> Ticket:
    """One ticket by its own stream. Raises TicketUnknown."""
    facts = await work.load(ticket_id, as_of=as_of)
    ticket = fold((fact.version, fact.event) for fact in facts)
    if ticket is None:
        raise TicketUnknown("no such ticket")
    return ticket


async def family_of(
    work: Work, *tickets: Ticket, as_of: datetime | None = None
) -> dict[UUID, Ticket]:
    """These and all of whom they show something, each by its own stream; one statement each."""
    found = {ticket.id: ticket for ticket in tickets}
    open_ends = list(tickets)
    while open_ends:
        for wanted in needed(open_ends.pop()) - found.keys():
            found[wanted] = await stored(work, wanted, as_of)
            open_ends.append(found[wanted])
    return found


async def survivor_of(work: Work, ticket: Ticket) -> Ticket:
    """Where what comes for this ticket belongs now: chains of merges are followed."""
    while ticket.merged_into is not None:
        ticket = await stored(work, ticket.merged_into)
    return ticket


async def shown_at(work: Work, ticket: Ticket, message_id: UUID) -> Ticket:
    """The ticket that shows this message of the given ticket's stream now."""
    while message_id in ticket.lent:
        ticket = await stored(work, ticket.lent[message_id])
    return await survivor_of(work, ticket)

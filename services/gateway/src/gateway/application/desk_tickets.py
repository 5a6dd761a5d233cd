"""A ticket as the gateway knows it, for those who may see it."""

from uuid import UUID

from deskstream_chassis.access import Actor, decide
from deskstream_chassis.replica import KnownTicket
from gateway.application.desk import DeskTickets
from gateway.domain.errors import NotFound


async def visible_ticket(tickets: DeskTickets, ticket: UUID | int, actor: Actor) -> KnownTicket:
    """Raises NotFound, the same for an absent ticket and for one that `actor` may not see;
    ReplicaBehind where nobody can tell."""
    known = await tickets.find(ticket)
    if known is None or not decide(actor, "view", known.access):
        raise NotFound("no such ticket")
    return known

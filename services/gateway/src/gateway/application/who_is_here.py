"""Who has a ticket open at this moment."""

from collections.abc import Sequence
from uuid import UUID

from deskstream_chassis.access import Actor
from deskstream_chassis.clock import Clock
from gateway.application.desk import DeskTickets, Presence, Present
from gateway.application.desk_tickets import visible_ticket


class WhoIsHere:
    """Of a ticket that `actor` may see, himself included, by id. Raises NotFound, ReplicaBehind."""

    def __init__(self, tickets: DeskTickets, presence: Presence, clock: Clock) -> None:
        self._tickets, self._presence, self._clock = tickets, presence, clock

    async def __call__(self, ticket: UUID | int, actor: Actor) -> Sequence[Present]:
        known = await visible_ticket(self._tickets, ticket, actor)
        return await self._presence.on(known.ticket_id, self._clock.now())

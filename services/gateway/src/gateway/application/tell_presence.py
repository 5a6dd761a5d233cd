"""Somebody tells that he has a ticket open, or writes a reply."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from deskstream_chassis.access import Actor
from deskstream_chassis.clock import Clock
from gateway.application.desk import DeskTickets, Presence, PresenceState
from gateway.application.desk_tickets import visible_ticket
from gateway.domain.errors import NotFound

LASTS = timedelta(seconds=45)
"""Without another word he is gone after this."""


@dataclass(frozen=True)
class TellPresence:
    """`ticket` by id or by number."""

    ticket: UUID | int
    state: PresenceState


class TellPresenceHandler:
    """One word per person and ticket: the last one counts. Raises NotFound, also for a ticket that
    he may not see; ReplicaBehind."""

    def __init__(self, tickets: DeskTickets, presence: Presence, clock: Clock) -> None:
        self._tickets, self._presence, self._clock = tickets, presence, clock

    async def __call__(self, command: TellPresence, actor: Actor) -> None:
        if actor.user_id is None:
            raise NotFound("no such ticket")
        ticket = await visible_ticket(self._tickets, command.ticket, actor)
        until = self._clock.now() + LASTS
        await self._presence.keep(ticket.ticket_id, actor.user_id, command.state, until)

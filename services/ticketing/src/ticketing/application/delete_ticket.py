"""Take a ticket away from everybody but managers and admins."""

from dataclasses import dataclass

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.removal import delete


@dataclass(frozen=True)
class DeleteTicket:
    """`seen` is the version that the wish is based on."""

    ticket: TicketRef
    seen: int


class DeleteTicketHandler:
    """Soft: a manager brings it back."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: DeleteTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied, ChangedMeanwhile and what domain.removal.delete raises."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "delete")
            await work.once()
            loaded.unchanged_since(command.seen)
            ticket = loaded.ticket
            events = delete(ticket, caller.actor.ref, self._clock.now())
            if events:
                work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

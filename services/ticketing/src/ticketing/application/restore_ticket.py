"""Bring back what was deleted, or marked as spam, by mistake."""

from dataclasses import dataclass

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.removal import bring_back


@dataclass(frozen=True)
class RestoreTicket:
    """As it was before."""

    ticket: TicketRef


class RestoreTicketHandler:
    """The route admits managers; only they see what is deleted."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: RestoreTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied, NotRemoved."""
        async with self._database.work(caller.origin) as work:
            ticket = (await self._tickets.get(work, command.ticket, caller.actor, "modify")).ticket
            await work.once()
            events = bring_back(ticket, caller.actor.ref, self._clock.now())
            work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

"""Put a ticket out of sight for a while."""

from dataclasses import dataclass
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.snooze import snooze


@dataclass(frozen=True)
class SnoozeTicket:
    """Until then; None: no longer."""

    ticket: TicketRef
    until: datetime | None


class SnoozeTicketHandler:
    """Needs no version: the state stays as it is."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: SnoozeTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied and what domain.snooze.snooze raises."""
        async with self._database.work(caller.origin) as work:
            ticket = (await self._tickets.get(work, command.ticket, caller.actor, "modify")).ticket
            await work.once()
            events = snooze(ticket, command.until, by=caller.actor.ref, at=self._clock.now())
            if events:
                work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

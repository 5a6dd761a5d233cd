"""Take up again what was solved or, as an admin, closed."""

from dataclasses import dataclass
from typing import Literal

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.transitions import reopen


@dataclass(frozen=True)
class ReopenTicket:
    """`by` says which of the two rights is used, not who asks."""

    ticket: TicketRef
    by: Literal["staff", "admin"]
    reason: str | None = None


class ReopenTicketHandler:
    """The route admits only admins to the second right."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: ReopenTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied, TicketClosed, TransitionRefused, ReasonMissing."""
        async with self._database.work(caller.origin) as work:
            ticket = (await self._tickets.get(work, command.ticket, caller.actor, "modify")).ticket
            await work.once()
            events = reopen(ticket, self._clock.now(), by=command.by, reason=command.reason)
            work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

"""A message of an unknown sender belongs to the ticket after all."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import Tickets, after, append_all
from ticketing.domain.receiving import release


@dataclass(frozen=True)
class ReleaseMessage:
    """One held message of a ticket."""

    ticket: TicketRef
    message_id: UUID


class ReleaseMessageHandler:
    """It counts as the customer's from now on; its sender takes no part by that."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: ReleaseMessage, caller: Caller) -> TicketStood:
        """Raises AccessDenied and what domain.receiving.release raises."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            ticket = loaded.ticket
            holder = next(
                (one for one in loaded.family.values() if command.message_id in one.held), ticket
            )
            here, there = release(
                ticket,
                holder,
                command.message_id,
                by=caller.actor.ref,
                at=self._clock.now(),
            )
            if holder.id == ticket.id:
                append_all(work, (ticket, (*there, *here)))
                return work.answer(TicketStood.of(after(ticket, (*there, *here))))
            append_all(work, (ticket, here), (holder, there))
            return work.answer(TicketStood.of(after(ticket, here) if here else ticket))

"""Take up again what was solved or, as an admin, closed."""

from dataclasses import dataclass
from typing import Literal

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Loaded, Tickets, after, append_all
from ticketing.application.unmerge_ticket import Unmerging
from ticketing.domain.transitions import needed_reason, reopen


@dataclass(frozen=True)
class ReopenTicket:
    """`by` says which of the two rights is used, not who asks."""

    ticket: TicketRef
    by: Literal["staff", "admin"]
    reason: str | None = None


class ReopenTicketHandler:
    """The route admits only admins to the second right."""

    def __init__(
        self, database: Database, tickets: Tickets, unmerging: Unmerging, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._unmerging = unmerging
        self._clock = clock

    async def __call__(self, command: ReopenTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied, TicketClosed, TransitionRefused, ReasonMissing, UnmergeFirst."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            ticket = loaded.ticket
            await work.once()
            if command.by == "admin" and ticket.merged_into is not None:
                return work.answer(await self._out_of_the_survivor(work, loaded, command, caller))
            events = reopen(ticket, self._clock.now(), by=command.by, reason=command.reason)
            work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

    async def _out_of_the_survivor(
        self, work: Work, loaded: Loaded, command: ReopenTicket, caller: Caller
    ) -> TicketStood:
        """Of a merged ticket an admin's reopening is an unmerge with a reason, then a reopening
        where it was over."""
        at, reason = self._clock.now(), needed_reason(command.reason)
        survivor, both = await self._unmerging(
            work, loaded, by=caller.actor.ref, reason=reason, at=at
        )
        alone = after(loaded.ticket, both.loser)
        over = alone.status in ("solved", "closed")
        more = reopen(alone, at, by="admin", reason=reason) if over else ()
        append_all(work, (loaded.ticket, (*both.loser, *more)), (survivor, both.survivor))
        return TicketStood.of(after(alone, more))

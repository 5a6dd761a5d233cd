"""Undo a merge."""

from dataclasses import dataclass
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.families import family_of, stored
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import Directory, TicketRef
from ticketing.application.tickets import Loaded, Tickets, after, append_all
from ticketing.domain.merging import Both, unmerge
from ticketing.domain.merging_errors import NotMerged
from ticketing.domain.ticket import Ticket


@dataclass(frozen=True)
class UnmergeTicket:
    """`ticket` is the one that went up in another."""

    ticket: TicketRef
    reason: str | None = None


class Unmerging:
    """What the undoing of a merge is, also where an admin reopens a merged ticket."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def __call__(
        self, work: Work, loser: Loaded, *, by: str, reason: str | None, at: datetime
    ) -> tuple[Ticket, Both]:
        """(the survivor, what to append). Raises NotMerged, UnmergeFirst."""
        ticket = loser.ticket
        if ticket.merged_into is None:
            raise NotMerged("the ticket is not merged")
        survivor = await stored(work, ticket.merged_into)
        entry = survivor.absorbed.get(ticket.id)
        taken_off = entry.previous_assignee_id if entry else None
        events = unmerge(
            ticket,
            survivor,
            await family_of(work, ticket, survivor),
            before=await self._directory.person(work, taken_off) if taken_off else None,
            by=by,
            reason=reason,
            at=at,
        )
        return survivor, events


class UnmergeTicketHandler:
    """Both streams in one append, like the merge."""

    def __init__(
        self, database: Database, tickets: Tickets, unmerging: Unmerging, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._unmerging = unmerging
        self._clock = clock

    async def __call__(self, command: UnmergeTicket, caller: Caller) -> TicketStood:
        """Where the ticket stands then. Raises AccessDenied, NotMerged, UnmergeFirst."""
        async with self._database.work(caller.origin) as work:
            loser = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            survivor, events = await self._unmerging(
                work, loser, by=caller.actor.ref, reason=command.reason, at=self._clock.now()
            )
            append_all(work, (loser.ticket, events.loser), (survivor, events.survivor))
            return work.answer(TicketStood.of(after(loser.ticket, events.loser)))

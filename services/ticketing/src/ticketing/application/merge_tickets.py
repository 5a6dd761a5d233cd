"""Let a ticket go up in another, and see before what that would do."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.access import Actor
from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import Directory, TicketRef
from ticketing.application.tickets import Loaded, Tickets, after, append_all
from ticketing.domain.merging import Both, Side, merge


@dataclass(frozen=True)
class MergeTickets:
    """`ticket` goes up in `into`."""

    ticket: TicketRef
    into: TicketRef


@dataclass(frozen=True)
class MergePreview:
    """What a merge would do, nothing of which is done."""

    loser_id: UUID
    survivor_id: UUID
    survivor_number: int
    messages: int
    attachments: int
    replies: int
    team_id: UUID
    """The survivor's team then."""
    restricts: bool
    """The survivor becomes a restricted one."""
    unassigns: bool
    """Its assignee may not see it then."""


class MergeTicketsHandler:
    """Both streams in one append: of A into B and B into A at once exactly one wins."""

    def __init__(
        self, database: Database, tickets: Tickets, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._clock = clock

    async def __call__(self, command: MergeTickets, caller: Caller) -> TicketStood:
        """Where the survivor stands. Raises AccessDenied and what domain.merging.merge raises."""
        async with self._database.work(caller.origin) as work:
            loser, survivor = await self._both(work, command, caller.actor)
            await work.once()
            events = await self._decide(work, loser, survivor, caller.actor)
            append_all(work, (loser.ticket, events.loser), (survivor.ticket, events.survivor))
            return work.answer(TicketStood.of(after(survivor.ticket, events.survivor)))

    async def preview(self, command: MergeTickets, actor: Actor) -> MergePreview:
        """Raises what the merge would raise."""
        async with self._database.reading() as work:
            loser, survivor = await self._both(work, command, actor)
            events = await self._decide(work, loser, survivor, actor)
        then = after(survivor.ticket, events.survivor)
        return MergePreview(
            loser_id=loser.ticket.id,
            survivor_id=survivor.ticket.id,
            survivor_number=survivor.ticket.number,
            messages=len(loser.whole.messages),
            attachments=len(loser.whole.attachments),
            replies=len(loser.whole.replies),
            team_id=then.team_id,
            restricts=loser.team.restricted and not survivor.team.restricted,
            unassigns=then.assignee_id is None and survivor.ticket.assignee_id is not None,
        )

    async def _both(self, work: Work, command: MergeTickets, actor: Actor) -> tuple[Loaded, Loaded]:
        loser = await self._tickets.get(work, command.ticket, actor, "modify")
        return loser, await self._tickets.get(work, command.into, actor, "modify")

    async def _decide(self, work: Work, loser: Loaded, survivor: Loaded, actor: Actor) -> Both:
        assignee = survivor.ticket.assignee_id
        person = await self._directory.person(work, assignee) if assignee else None
        return merge(
            Side(loser.ticket, loser.team),
            Side(survivor.ticket, survivor.team, person),
            by=actor.ref,
            at=self._clock.now(),
        )

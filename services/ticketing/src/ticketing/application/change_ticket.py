"""Change what a ticket says about itself: state, priority, team, assignee, tags."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.ticketing.ticket import Priority
from deskstream_eventstore import Database
from ticketing.application.assignees import find_assignee, find_people
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import Directory, TicketRef
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.changes import Changes, Target, change


@dataclass(frozen=True)
class ChangeTicket:
    """None leaves a thing as it is; `seen` is the version that the change is based on, None for
    whatever it is now."""

    ticket: TicketRef
    seen: int | None
    status: Target | None = None
    priority: Priority | None = None
    team_id: UUID | None = None
    assignee: UUID | str | None = None
    unassign: bool = False
    tags: tuple[str, ...] | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    shared_with: tuple[UUID, ...] | None = None
    watchers: tuple[UUID, ...] | None = None


class ChangeTicketHandler:
    """All or nothing: one refused field refuses the whole change."""

    def __init__(
        self, database: Database, tickets: Tickets, directory: Directory, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._clock = clock

    async def __call__(self, command: ChangeTicket, caller: Caller) -> TicketStood:
        """Raises AccessDenied, ChangedMeanwhile, TeamUnknown, AssigneeUnknown,
        PersonUnknown and what domain.changes.change raises."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            if command.seen is not None:
                loaded.unchanged_since(command.seen)
            ticket = loaded.ticket
            new_team = await self._tickets.team(work, command.team_id) if command.team_id else None
            wanted = Changes(
                status=command.status,
                priority=command.priority,
                team=new_team,
                assignee=await find_assignee(work, self._directory, command.assignee),
                unassign=command.unassign,
                tags=command.tags,
                add_tags=command.add_tags,
                remove_tags=command.remove_tags,
                shared=await find_people(work, self._directory, command.shared_with, "shared_with"),
                watchers=await find_people(work, self._directory, command.watchers, "watchers"),
            )
            now = (
                await self._directory.person(work, ticket.assignee_id)
                if ticket.assignee_id
                else None
            )
            events = change(
                ticket,
                wanted,
                team=loaded.team,
                assignee=now,
                by=caller.actor.ref,
                at=self._clock.now(),
            )
            if events:
                work.append(STREAM, ticket.id, ticket.version, events)
            return work.answer(TicketStood.of(after(ticket, events)))

"""Change what a ticket says about itself: state, priority, team, assignee, tags."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.ticketing.ticket import Priority, Status
from deskstream_eventstore import Database
from ticketing.application.assignees import find_assignee
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import Directory, TicketRef
from ticketing.application.tickets import STREAM, Loaded, Tickets
from ticketing.domain.changes import Changes, change
from ticketing.domain.errors import ChangedMeanwhile
from ticketing.domain.fold import fold


@dataclass(frozen=True)
class ChangeTicket:
    """None leaves a thing as it is; `seen` is the version that the change is based on."""

    ticket: TicketRef
    seen: int
    status: Status | None = None
    priority: Priority | None = None
    team_id: UUID | None = None
    assignee: UUID | str | None = None
    unassign: bool = False
    tags: tuple[str, ...] | None = None


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
        """Raises AccessDenied, ChangedMeanwhile, TeamUnknown, AssigneeUnknown and what
        domain.changes.change raises."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            _unchanged(loaded, command.seen)
            ticket = loaded.ticket
            new_team = await self._tickets.team(work, command.team_id) if command.team_id else None
            wanted = Changes(
                status=command.status,
                priority=command.priority,
                team=new_team,
                assignee=await find_assignee(work, self._directory, command.assignee),
                unassign=command.unassign,
                tags=command.tags,
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
            after = fold(enumerate(events, ticket.version + 1), ticket)
            assert after is not None
            return work.answer(TicketStood(after.id, after.number, after.status, after.version))


def _unchanged(loaded: Loaded, seen: int) -> None:
    """What the system itself appended since does not count."""
    changed = loaded.changed_since(seen)
    if changed or seen > loaded.ticket.version:
        raise ChangedMeanwhile(
            "load it again", version=loaded.ticket.version, changed=list(changed)
        )

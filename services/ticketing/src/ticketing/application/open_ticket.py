"""Open a ticket."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_events.ticketing.ticket import Priority
from deskstream_eventstore import Database
from ticketing.application.assignees import find_assignee
from ticketing.application.ports import Cleaner, Directory, Index, RawBody
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.changes import Opening, open_ticket
from ticketing.domain.fold import fold
from ticketing.domain.ticket import Standing, Ticket


@dataclass(frozen=True)
class OpenTicket:
    """A customer's concern, told by an agent or another system."""

    subject: str
    body: RawBody
    requester_name: str | None
    requester_email: str | None
    cc: tuple[str, ...]
    team_id: UUID
    priority: Priority
    tags: tuple[str, ...]
    assignee: UUID | str | None


@dataclass(frozen=True)
class TicketStood:
    """Where a ticket stands after a command."""

    id: UUID
    number: int
    status: Standing
    version: int

    @classmethod
    def of(cls, ticket: Ticket) -> Self:
        """As the ticket is now."""
        return cls(ticket.id, ticket.number, ticket.standing, ticket.version)


class OpenTicketHandler:
    """Anyone whom the route admits may open one for any team, also one that he cannot see."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        index: Index,
        clean: Cleaner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._index = index
        self._clean = clean
        self._clock = clock

    async def __call__(self, command: OpenTicket, caller: Caller) -> TicketStood:
        """Raises TeamUnknown, AssigneeUnknown and what domain.changes.open_ticket raises."""
        body = self._clean(command.body)
        async with self._database.work(caller.origin) as work:
            await work.once()
            opening = Opening(
                ticket_id=new_id(),
                number=await self._index.next_number(work),
                message_id=new_id(),
                channel="agent" if caller.actor.kind == "user" else "api",
                subject=command.subject,
                body=body,
                requester_name=command.requester_name,
                requester_email=command.requester_email,
                cc=command.cc,
                team=await self._tickets.team(work, command.team_id),
                priority=command.priority,
                tags=command.tags,
                assignee=await find_assignee(work, self._directory, command.assignee),
                by=caller.actor.ref,
            )
            events = open_ticket(opening, self._clock.now())
            ticket = fold(enumerate(events, 1))
            assert ticket is not None
            work.append(STREAM, ticket.id, 0, events)
            return work.answer(TicketStood.of(ticket))

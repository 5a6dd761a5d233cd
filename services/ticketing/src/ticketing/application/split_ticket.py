"""Make some messages of a ticket a ticket of their own."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database
from ticketing.application.open_ticket import TicketStood
from ticketing.application.ports import Directory, Index, TicketRef
from ticketing.application.tickets import STREAM, Tickets, append_all
from ticketing.domain.fold import fold
from ticketing.domain.splitting import split


@dataclass(frozen=True)
class SplitTicket:
    """These messages, under a subject of their own if one is given."""

    ticket: TicketRef
    message_ids: tuple[UUID, ...]
    subject: str | None = None


class SplitTicketHandler:
    """The new ticket and what the source says of it in one append."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        index: Index,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._index = index
        self._clock = clock

    async def __call__(self, command: SplitTicket, caller: Caller) -> TicketStood:
        """Where the new ticket stands. Raises AccessDenied and what domain.splitting.split
        raises."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            source, assignee = loaded.ticket, loaded.ticket.assignee_id
            person = await self._directory.person(work, assignee) if assignee else None
            events, opening = split(
                source,
                loaded.family,
                command.message_ids,
                target_id=new_id(),
                number=await self._index.next_number(work),
                subject=command.subject,
                assignee=person if person and person.can_work() else None,
                by=caller.actor.ref,
                at=self._clock.now(),
            )
            target = fold(enumerate(opening, 1))
            assert target is not None
            append_all(work, (source, events))
            work.append(STREAM, target.id, 0, opening)
            return work.answer(TicketStood.of(target))

"""Take a reply back within its undo window."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.ticketing.ticket import Status
from deskstream_eventstore import Database
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.fold import fold
from ticketing.domain.replies import cancel_reply
from ticketing.domain.ticket import ReplyState


@dataclass(frozen=True)
class CancelReply:
    """It shall not be mailed."""

    ticket: TicketRef
    reply_id: UUID


@dataclass(frozen=True)
class ReplyCancelled:
    """It never will be; the ticket is in this state again."""

    reply_id: UUID
    state: ReplyState
    ticket_status: Status
    version: int


class CancelReplyHandler:
    """Of cancelling and releasing at once exactly one wins: both append with the version seen."""

    def __init__(self, database: Database, tickets: Tickets, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._clock = clock

    async def __call__(self, command: CancelReply, caller: Caller) -> ReplyCancelled:
        """Raises AccessDenied, ReplyUnknown, TooLate."""
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, command.ticket, caller.actor, "modify")
            await work.once()
            ticket = loaded.holder_of(command.reply_id)
            events = cancel_reply(ticket, command.reply_id, caller.actor.ref, self._clock.now())
            if events:
                work.append(STREAM, ticket.id, ticket.version, events)
            after = fold(enumerate(events, ticket.version + 1), ticket)
            assert after is not None
            shown = after if ticket.id == loaded.ticket.id else loaded.ticket
            return work.answer(
                ReplyCancelled(command.reply_id, "cancelled", shown.status, shown.version)
            )

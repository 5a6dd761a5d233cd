"""What the notifier tells of a reply's mail."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_chassis.access import system
from deskstream_events.ticketing.reply import ReplyBouncedV1, ReplyFailedV1
from deskstream_eventstore import Origin, Work
from ticketing.application.families import shown_at
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.replies import Outcome, settle_reply
from ticketing.domain.transitions import undeliverable

ACTOR = system("ticketing.delivery")


@dataclass(frozen=True)
class SettleReply:
    """The outcome of one reply, and when the notifier had it."""

    ticket_id: UUID
    reply_id: UUID
    outcome: Outcome
    at: datetime


class SettleReplyHandler:
    """Runs inside the consumer's transaction; the first definite outcome stands."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    async def __call__(self, work: Work, command: SettleReply, origin: Origin) -> None:
        """A ticket or reply that is not here raises: its stream is parked and seen."""
        loaded = await self._tickets.get(work, command.ticket_id, ACTOR, "modify")
        ticket = loaded.ticket
        events = settle_reply(ticket, command.reply_id, command.outcome, command.at)
        if not events:
            return
        work.append(STREAM, ticket.id, ticket.version, events, caused_by=origin)
        home = await shown_at(work, ticket, command.reply_id)
        if home.id != ticket.id and isinstance(events[0], ReplyFailedV1 | ReplyBouncedV1):
            again = undeliverable(home, command.at)
            work.append(STREAM, home.id, home.version, again, caused_by=origin)

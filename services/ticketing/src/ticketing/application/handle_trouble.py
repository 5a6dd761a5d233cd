"""What a person does with a reply that waits or did not arrive: change it, try again, give up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.event import Event
from deskstream_eventstore import Database
from ticketing.application.ports import Cleaner, RawBody, TicketRef
from ticketing.application.scan_files import ScanFiles
from ticketing.application.tickets import STREAM, Tickets, after
from ticketing.domain.guards import own_files
from ticketing.domain.replies import Draft
from ticketing.domain.reply_changes import discard_reply, edit_reply, retry_reply
from ticketing.domain.ticket import Reply, Ticket


@dataclass(frozen=True)
class RetryReply:
    """As it is now written."""

    ticket: TicketRef
    reply_id: UUID


@dataclass(frozen=True)
class DiscardReply:
    """It shall not be tried again."""

    ticket: TicketRef
    reply_id: UUID


@dataclass(frozen=True)
class EditReply:
    """Another content; `seen` is the ticket's version that it is based on. None leaves `cc` and
    `to` as they are."""

    ticket: TicketRef
    reply_id: UUID
    seen: int
    body: RawBody
    attachment_ids: tuple[UUID, ...] = ()
    cc: tuple[str, ...] | None = None
    to: str | None = None


@dataclass(frozen=True)
class ReplyStood:
    """Where a reply stands after a command, and the version of the ticket that shows it."""

    reply: Reply
    version: int


Decision = Callable[[Ticket, Ticket, datetime], tuple[Event, ...]]
"""From the ticket that holds the reply, the one that shows it, and the time."""


class HandleTrouble:
    """Anyone who may work the ticket, whoever wrote the reply. The commands of one reply go to the
    stream that holds it."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        clean: Cleaner,
        clock: Clock,
        undo: timedelta,
        scans: ScanFiles,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._clean = clean
        self._clock = clock
        self._undo = undo
        self._scans = scans

    async def retry(self, command: RetryReply, caller: Caller) -> ReplyStood:
        """Raises AccessDenied and what domain.reply_changes.retry_reply raises."""

        def decide(holder: Ticket, shown: Ticket, at: datetime) -> tuple[Event, ...]:
            return retry_reply(holder, shown, command.reply_id, at=at, undo=self._undo)

        return await self._do(command.ticket, command.reply_id, None, decide, caller)

    async def discard(self, command: DiscardReply, caller: Caller) -> ReplyStood:
        """Raises AccessDenied, ReplyUnknown, NotTroubled."""

        def decide(holder: Ticket, _shown: Ticket, at: datetime) -> tuple[Event, ...]:
            return discard_reply(holder, command.reply_id, caller.actor.ref, at)

        return await self._do(command.ticket, command.reply_id, None, decide, caller)

    async def edit(self, command: EditReply, caller: Caller) -> ReplyStood:
        """Raises AccessDenied, ChangedMeanwhile and what domain.reply_changes.edit_reply raises."""
        draft = Draft(
            body=self._clean(command.body),
            attachment_ids=command.attachment_ids,
            cc=command.cc,
            to=(command.to, None) if command.to else None,
        )

        def decide(holder: Ticket, shown: Ticket, at: datetime) -> tuple[Event, ...]:
            by = caller.actor.ref
            return edit_reply(holder, shown, command.reply_id, draft, by=by, at=at, undo=self._undo)

        return await self._do(command.ticket, command.reply_id, command.seen, decide, caller)

    async def _do(
        self,
        ref: TicketRef,
        reply_id: UUID,
        seen: int | None,
        decide: Decision,
        caller: Caller,
    ) -> ReplyStood:
        async with self._database.work(caller.origin) as work:
            loaded = await self._tickets.get(work, ref, caller.actor, "modify")
            await work.once()
            if seen is not None:
                loaded.unchanged_since(seen)
            holder = loaded.holder_of(reply_id)
            events = decide(holder, loaded.whole, self._clock.now())
            now = after(holder, events)
            if events:
                if now.replies[reply_id].state == "queued":
                    files = own_files(loaded.whole, now.replies[reply_id].attachment_ids)
                    await self._scans.free(work, files)
                work.append(STREAM, holder.id, holder.version, events)
            version = now.version if holder.id == loaded.ticket.id else loaded.ticket.version
            return work.answer(ReplyStood(now.replies[reply_id], version))

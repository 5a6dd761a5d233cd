"""Reply to the customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Cleaner, Directory, RawBody, TicketRef
from ticketing.application.scan_files import ScanFiles
from ticketing.application.signatures import signature_for
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.writing import Drafts, Signatures
from ticketing.domain.bodies import Body, signed
from ticketing.domain.errors import PersonNeeded
from ticketing.domain.guards import own_files
from ticketing.domain.people import Person
from ticketing.domain.replies import Draft, Then, queue_reply
from ticketing.domain.reply_changes import schedule_reply
from ticketing.domain.ticket import ReplyState


@dataclass(frozen=True)
class ReplyToTicket:
    """A reply as its author sends it off."""

    ticket: TicketRef
    body: RawBody
    attachment_ids: tuple[UUID, ...] = ()
    cc: tuple[str, ...] | None = None
    last_seen: UUID | None = None
    then: Then | None = None
    send_at: datetime | None = None
    unless_answered: bool = False
    """Of a scheduled one: cancelled if the customer writes first."""
    signature: UUID | bool = True
    """Which of the author's; True: the default one, False: none."""


@dataclass(frozen=True)
class ReplyQueued:
    """It can be taken back until it is released (or queued, if scheduled), not before
    `undo_until`."""

    reply_id: UUID
    message_id: UUID
    state: ReplyState
    undo_until: datetime
    version: int


class ReplyToTicketHandler:
    """Queues the reply and changes the ticket in one transaction; the mail comes later."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        drafts: Drafts,
        signatures: Signatures,
        clean: Cleaner,
        clock: Clock,
        undo: timedelta,
        scans: ScanFiles,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._drafts = drafts
        self._signatures = signatures
        self._clean = clean
        self._clock = clock
        self._undo = undo
        self._scans = scans

    async def __call__(self, command: ReplyToTicket, caller: Caller) -> ReplyQueued:
        """Raises AccessDenied, PersonNeeded, FileQuarantined and what
        domain.replies.queue_reply raises."""
        async with self._database.work(caller.origin) as work:
            ticket = (await self._tickets.get(work, command.ticket, caller.actor, "modify")).whole
            author_id = caller.actor.user_id
            if author_id is None:
                raise PersonNeeded("a reply is written by a person")
            await work.once()
            author = await self._directory.person(work, author_id)
            reply_id, at = new_id(), self._clock.now()
            draft = Draft(
                body=await self._body(work, command, author_id),
                attachment_ids=command.attachment_ids,
                cc=command.cc,
                last_seen=command.last_seen,
                then=command.then,
            )
            who = author or stranger(author_id)
            until = command.send_at or at + self._undo
            if command.send_at is None:
                events = queue_reply(
                    ticket, draft, reply_id=reply_id, author=who, at=at, undo=self._undo
                )
            else:
                events = schedule_reply(
                    ticket,
                    draft,
                    reply_id=reply_id,
                    author=who,
                    send_at=until,
                    unless_answered=command.unless_answered,
                    at=at,
                )
            await self._scans.free(work, own_files(ticket, command.attachment_ids))
            work.append(STREAM, ticket.id, ticket.version, events)
            await self._drafts.drop(work, ticket.id, author_id, "reply")
            return work.answer(
                ReplyQueued(
                    reply_id=reply_id,
                    message_id=reply_id,
                    state="scheduled" if command.send_at else "queued",
                    undo_until=until,
                    version=ticket.version + len(events),
                )
            )

    async def _body(self, work: Work, command: ReplyToTicket, author_id: UUID) -> Body:
        """With the signature as it is now: it stays in the mail whatever becomes of it."""
        body = self._clean(command.body)
        if command.signature is False:
            return body
        wanted = None if command.signature is True else command.signature
        found = await signature_for(work, self._signatures, author_id, wanted)
        return signed(body, found.body if found else None)


def stranger(author_id: UUID) -> Person:
    """Somebody who signed in before the news of him arrived here: he signs as the desk."""
    return Person(author_id, "Support", "", None, active=True, teams=frozenset())

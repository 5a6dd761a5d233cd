"""Write an internal note."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database
from ticketing.application.ports import Cleaner, RawBody, TicketRef
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.writing import Drafts
from ticketing.domain.notes import add_note


@dataclass(frozen=True)
class AddNote:
    """Never mailed to the customer."""

    ticket: TicketRef
    body: RawBody
    attachment_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class NoteAdded:
    """The note as kept; `version` is the ticket's."""

    id: UUID
    ticket_id: UUID
    body_html: str
    body_text: str
    attachment_ids: tuple[UUID, ...]
    at: datetime
    version: int


class AddNoteHandler:
    """Needs no version: notes of two people do not contradict each other."""

    def __init__(
        self, database: Database, tickets: Tickets, drafts: Drafts, clean: Cleaner, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._drafts = drafts
        self._clean = clean
        self._clock = clock

    async def __call__(self, command: AddNote, caller: Caller) -> NoteAdded:
        """Raises AccessDenied and what domain.notes.add_note raises."""
        async with self._database.work(caller.origin) as work:
            ticket = (await self._tickets.get(work, command.ticket, caller.actor, "modify")).whole
            await work.once()
            body, at, note_id = self._clean(command.body), self._clock.now(), new_id()
            events = add_note(
                ticket,
                body,
                note_id=note_id,
                author_id=caller.actor.user_id,
                attachment_ids=command.attachment_ids,
                at=at,
            )
            work.append(STREAM, ticket.id, ticket.version, events)
            if caller.actor.user_id is not None:
                await self._drafts.drop(work, ticket.id, caller.actor.user_id, "note")
            return work.answer(
                NoteAdded(
                    id=note_id,
                    ticket_id=ticket.id,
                    body_html=body.html,
                    body_text=body.text,
                    attachment_ids=command.attachment_ids,
                    at=at,
                    version=ticket.version + len(events),
                )
            )

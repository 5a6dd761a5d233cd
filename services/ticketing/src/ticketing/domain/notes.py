"""Internal notes and files."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import AttachmentAddedV1, NoteAddedV1
from ticketing.domain import guards
from ticketing.domain.bodies import Body
from ticketing.domain.ticket import Attachment, Ticket
from ticketing.domain.transitions import taken_up


def add_note(
    ticket: Ticket,
    body: Body,
    *,
    note_id: UUID,
    author_id: UUID | None,
    attachment_ids: Sequence[UUID],
    at: datetime,
) -> tuple[Event, ...]:
    """A note, also on a ticket that is over; a person's first one opens a new ticket, that of an
    API key (`author_id` None) does not. Raises TicketDeleted, TicketMerged, AttachmentNotHere,
    TooManyAttachments."""
    guards.present(ticket)
    files = guards.own_files(ticket, attachment_ids)
    note = NoteAddedV1(
        ticket_id=ticket.id,
        at=at,
        note_id=note_id,
        author_id=author_id,
        body_html=body.html,
        body_text=body.text,
        attachment_ids=tuple(file.id for file in files),
    )
    return (note, *(taken_up(ticket, at, "note") if author_id else ()))


def add_attachment(ticket: Ticket, file: Attachment) -> tuple[Event, ...]:
    """A file that already lies in the bucket becomes the ticket's. Raises TicketDeleted."""
    guards.present(ticket)
    return (
        AttachmentAddedV1(
            ticket_id=ticket.id,
            at=file.at,
            attachment_id=file.id,
            key=file.key,
            sha256=file.sha256,
            size=file.size,
            media_type=file.media_type,
            file_name=file.file_name,
            uploaded_by=file.uploaded_by,
        ),
    )

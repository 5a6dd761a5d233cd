"""Files that came with a mail: which are taken, and which are only told of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import AttachmentAddedV1, AttachmentRejectedV1
from ticketing.domain.errors import FileMalformed, FileMismatch, FileRefused, FileTypeRefused
from ticketing.domain.files import FILE_LIMIT, clean_name, judge, kind_of

MOST_FILES = 50
"""Taken of one mail; the others stay in the original."""


@dataclass(frozen=True)
class MailedPart:
    """A part that lies in the bucket. `head`: its first bytes. `original`: it is the mail itself,
    which nobody could read."""

    attachment_id: UUID
    key: str
    sha256: str
    size: int
    media_type: str
    file_name: str
    head: bytes
    content_id: str | None = None
    original: bool = False
    refused: str | None = None
    """Why not, where it was opened and is not taken."""


@dataclass(frozen=True)
class Sorted:
    """Ids of those that were taken, and the events that say so of each."""

    taken: tuple[UUID, ...]
    events: tuple[Event, ...]


def sort_files(
    ticket_id: UUID, message_id: UUID, parts: Sequence[MailedPart], *, by: str, at: datetime
) -> Sorted:
    """By the same rules as an upload; a mail is never refused for its files."""
    good: list[UUID] = []
    events: list[Event] = []
    for number, part in enumerate(parts):
        code = "too_many_attachments" if number >= MOST_FILES else refusal_of(part)
        if code is None:
            good.append(part.attachment_id)
            events.append(_added(ticket_id, part, by, at))
        else:
            events.append(
                AttachmentRejectedV1(
                    ticket_id=ticket_id,
                    at=at,
                    message_id=message_id,
                    file_name=part.file_name,
                    media_type=part.media_type,
                    size=part.size,
                    code=code,
                )
            )
    return Sorted(tuple(good), tuple(events))


def refusal_of(part: MailedPart) -> str | None:
    """The code of why it is not taken; the mail itself always is."""
    if part.original:
        return None
    if part.size == 0:
        return "file_empty"
    if part.size > FILE_LIMIT:
        return "file_too_large"
    try:
        judge(kind_of(clean_name(part.file_name)), part.head)
    except (FileMalformed, FileTypeRefused, FileMismatch) as refused:
        return refused.code
    return part.refused


def taken(part: MailedPart) -> bool:
    """Whether it may become a ticket's."""
    return refusal_of(part) is None


def _added(ticket_id: UUID, part: MailedPart, by: str, at: datetime) -> AttachmentAddedV1:
    named = part if part.original else replace(part, media_type=_media_type(part))
    return AttachmentAddedV1(
        ticket_id=ticket_id,
        at=at,
        attachment_id=part.attachment_id,
        key=part.key,
        sha256=part.sha256,
        size=part.size,
        media_type=named.media_type,
        file_name=clean_name(part.file_name),
        uploaded_by=by,
        content_id=part.content_id,
    )


def _media_type(part: MailedPart) -> str:
    """As we call it, never as the sender does."""
    try:
        return kind_of(clean_name(part.file_name)).media_type
    except FileRefused:
        return "application/octet-stream"

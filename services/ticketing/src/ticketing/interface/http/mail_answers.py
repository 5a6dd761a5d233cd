"""What waits at a ticket, and what of a mail was not taken."""

from typing import Literal, Self
from uuid import UUID

from ticketing.domain.ticket import HeldMessage
from ticketing.interface.http.answer import Answer, RequesterOut, Time


class HeldOut(Answer):
    """What somebody wrote who takes no part in the ticket."""

    id: UUID
    cause: Literal["unknown_sender"]
    at: Time
    sender: RequesterOut
    body_html: str
    body_text: str
    attachments: tuple[UUID, ...]

    @classmethod
    def of(cls, held: HeldMessage) -> Self:
        """From the ticket's state."""
        message = held.message
        return cls(
            id=message.id,
            cause=held.cause,
            at=message.at,
            sender=RequesterOut(name=message.author_name, email=message.sender),
            body_html=message.body_html,
            body_text=message.body_text,
            attachments=message.attachment_ids,
        )


class RejectedOut(Answer):
    """A file of a mail that was not taken; it stays in the original."""

    message_id: UUID
    file_name: str
    media_type: str
    size: int
    code: str

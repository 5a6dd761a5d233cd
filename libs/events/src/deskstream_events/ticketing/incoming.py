"""What the customer wrote after the first message. Key: ticket id."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import PersonalText, registry
from deskstream_events.ticketing.ticket import TicketEvent


@registry.event("ticketing.ticket.message_received.v1")
class MessageReceivedV1(TicketEvent):
    """The customer wrote. An automatic message (a vacation note, a bounce) is kept, but wakes,
    reopens and restarts nothing."""

    message_id: UUID
    sender_email: PersonalText | None = None
    sender_name: PersonalText | None = None
    body_html: PersonalText
    body_text: PersonalText
    whole_key: str | None = None
    """Where the whole text lies in the bucket, if only its beginning is here."""
    whole_sha256: str | None = None
    attachment_ids: tuple[UUID, ...] = ()
    answers: UUID | None = None
    """The message of ours, or of the customer's, that it replies to, where that is known."""
    mail_id: str | None = None
    """Message-ID of the mail, without angle brackets."""
    inbound_id: UUID | None = None
    """The mail as it came in, where it is one."""
    automatic: bool = False

    def people(self) -> tuple[str, ...]:
        return (f"mail:{self.sender_email}",) if self.sender_email else ()


@registry.event("ticketing.ticket.message_held.v1")
class MessageHeldV1(TicketEvent):
    """Somebody who takes no part in the ticket wrote to it: whoever works on it decides whether the
    message belongs there. Until then it wakes nothing and nobody is told."""

    message_id: UUID
    cause: Literal["unknown_sender"]
    sender_email: PersonalText | None = None
    sender_name: PersonalText | None = None
    body_html: PersonalText
    body_text: PersonalText
    whole_key: str | None = None
    whole_sha256: str | None = None
    attachment_ids: tuple[UUID, ...] = ()
    answers: UUID | None = None
    inbound_id: UUID | None = None
    automatic: bool = False

    def people(self) -> tuple[str, ...]:
        return (f"mail:{self.sender_email}",) if self.sender_email else ()


@registry.event("ticketing.ticket.message_released.v1")
class MessageReleasedV1(TicketEvent):
    """A held message belongs to the ticket after all; from here it is one of the customer's."""

    message_id: UUID
    released_by: str

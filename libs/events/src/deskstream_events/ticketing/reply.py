"""Replies of a ticket, from queued to sent. Key: ticket id (they are part of its stream)."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from deskstream_events.event import Instant, PersonalText, registry
from deskstream_events.ticketing.ticket import Status, TicketEvent


class MailedFile(BaseModel):
    """A file that goes out with a reply; the hash is checked by who reads it."""

    model_config = ConfigDict(frozen=True)

    attachment_id: UUID
    key: str
    sha256: str
    size: int
    media_type: str
    file_name: PersonalText


class ReplyEvent(TicketEvent):
    """What every event of a reply carries."""

    reply_id: UUID


@registry.event("ticketing.ticket.reply_queued.v1")
class ReplyQueuedV1(ReplyEvent):
    """A reply is to be mailed once released (at `undo_until` unless cancelled first). The whole
    content is here, so a follower need not ask back; status_after is None where it changes none."""

    author_id: UUID
    author_name: PersonalText
    body_html: PersonalText
    body_text: PersonalText
    to_email: PersonalText
    to_name: PersonalText | None = None
    cc_emails: tuple[PersonalText, ...] = ()
    files: tuple[MailedFile, ...] = ()
    answers: UUID | None = None
    """The last customer message that the author had seen."""
    undo_until: Instant
    status_before: Status
    status_after: Status | None = None

    def people(self) -> tuple[str, ...]:
        return (
            f"user:{self.author_id}",
            *(f"mail:{address}" for address in (self.to_email, *self.cc_emails)),
        )


@registry.event("ticketing.ticket.reply_cancelled.v1")
class ReplyCancelledV1(ReplyEvent):
    """Taken back within the undo window: it is never mailed."""

    cancelled_by: str


@registry.event("ticketing.ticket.reply_released.v1")
class ReplyReleasedV1(ReplyEvent):
    """The undo window is over; from here only the mail server decides."""


@registry.event("ticketing.ticket.reply_sent.v1")
class ReplySentV1(ReplyEvent):
    """The provider accepted it. `refused` names recipients that it did not take."""

    mail_id: str
    """The Message-ID of the mail, without angle brackets."""
    refused: tuple[PersonalText, ...] = ()
    attempts: int | None = None
    """How often the mail server was asked until then."""


@registry.event("ticketing.ticket.reply_failed.v1")
class ReplyFailedV1(ReplyEvent):
    """The provider refused it for good, or it may not be sent (suppressed address)."""

    code: str
    """Stable: `smtp_550`, `suppressed`, `attachment_missing` …"""
    attempts: int | None = None
    """How often the mail server was asked until then."""


@registry.event("ticketing.ticket.reply_bounced.v1")
class ReplyBouncedV1(ReplyEvent):
    """The provider accepted it, but a report came back that it did not arrive."""

    code: str
    """The report's status, `5.1.1`."""


@registry.event("ticketing.ticket.reply_held.v1")
class ReplyHeldV1(ReplyEvent):
    """Whether it was mailed is unknown: a person decides (effects resolve)."""

    code: str
    attempts: int | None = None
    """How often the mail server was asked until then."""


@registry.event("ticketing.ticket.reply_discarded.v1")
class ReplyDiscardedV1(ReplyEvent):
    """A failed one was given up."""

    discarded_by: str


class ReplyTextEvent(ReplyEvent):
    """The whole content of a reply that is not queued by this event."""

    author_id: UUID
    author_name: PersonalText
    body_html: PersonalText
    body_text: PersonalText
    to_email: PersonalText
    to_name: PersonalText | None = None
    cc_emails: tuple[PersonalText, ...] = ()
    files: tuple[MailedFile, ...] = ()

    def people(self) -> tuple[str, ...]:
        return (
            f"user:{self.author_id}",
            *(f"mail:{address}" for address in (self.to_email, *self.cc_emails)),
        )


@registry.event("ticketing.ticket.reply_scheduled.v1")
class ReplyScheduledV1(ReplyTextEvent):
    """To be queued and released at `send_at`; until then it changes nothing of the ticket. With
    `unless_answered` it is cancelled if the customer writes first."""

    send_at: Instant
    then: Literal["wait", "solve"] | None = None
    unless_answered: bool = False


@registry.event("ticketing.ticket.reply_edited.v1")
class ReplyEditedV1(ReplyTextEvent):
    """Another content, before it went out or after it failed. `undo_until`: what was queued can be
    taken back until then now."""

    edited_by: str
    undo_until: Instant | None = None

"""Mails that came in, as the notifier took and read them. Key: inbound id."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from deskstream_events.event import Event, Instant, PersonalText, registry

Way = Literal["smtp", "imap"]
Automatic = Literal["auto_submitted", "bulk", "null_return_path", "own_address", "bounce"]
"""Why nobody is to answer: no person wrote it, or we did."""
Distrust = Literal["authentication_failed", "several_senders", "bounce_unknown"]
Verdict = Literal["pass", "fail", "none", "unknown"]


class InboundFile(BaseModel):
    """A part of the mail that lies in the bucket, not judged yet. `content_id`: an image that the
    body shows as `cid:…`."""

    model_config = ConfigDict(frozen=True)

    key: str
    sha256: str
    size: int
    media_type: str
    file_name: PersonalText
    content_id: PersonalText | None = None
    head: PersonalText = ""
    """Its first 64 bytes in hexadecimal digits, by which its kind can be judged."""


class StoredText(BaseModel):
    """A text that was too long for an event, in the bucket as UTF-8."""

    model_config = ConfigDict(frozen=True)

    key: str
    sha256: str
    size: int


class InboundEvent(Event):
    """What every event of a mail carries."""

    inbound_id: UUID


class InboundMail(InboundEvent):
    """One mail to one of our mailboxes, read. Message-IDs are without angle brackets. `unreadable`:
    nothing but the original could be had of it, which is then its only file."""

    mailbox: str
    way: Way
    mail_id: PersonalText | None = None
    in_reply_to: tuple[PersonalText, ...] = ()
    references: tuple[PersonalText, ...] = ()
    thread_index: str | None = None
    """Outlook's own mark of a conversation."""
    from_email: PersonalText | None = None
    from_name: PersonalText | None = None
    to_emails: tuple[PersonalText, ...] = ()
    cc_emails: tuple[PersonalText, ...] = ()
    recipient_emails: tuple[PersonalText, ...] = ()
    """Those of the envelope that are ours: plus tags are in them."""
    subject: PersonalText = ""
    written_at: Instant | None = None
    """By the sender's clock."""
    body_html: PersonalText = ""
    body_text: PersonalText = ""
    """What the sender wrote now; an answer's quotes are in `quoted_text`."""
    quoted_text: PersonalText | None = None
    whole: StoredText | None = None
    """Where the whole text is; the body here is its beginning."""
    files: tuple[InboundFile, ...] = ()
    raw_key: str
    raw_sha256: str
    raw_size: int
    automatic: Automatic | None = None
    authenticated: bool = False
    """Our own mail server vouches for the sender's address."""
    dmarc: Verdict = "unknown"
    bounce_of: UUID | None = None
    """The message of ours that it says did not arrive."""
    unreadable: bool = False

    def people(self) -> tuple[str, ...]:
        own = (self.from_email,) if self.from_email else ()
        addresses = dict.fromkeys((*own, *self.to_emails, *self.cc_emails))
        return tuple(f"mail:{address}" for address in addresses)


@registry.event("notifier.inbound.received.v1")
class InboundReceivedV1(InboundMail):
    """A mail was taken, and stands in bucket and store before its sender was told so; or a person
    released it from quarantine."""


@registry.event("notifier.inbound.quarantined.v1")
class InboundQuarantinedV1(InboundMail):
    """A mail was taken but is not passed on before a person looked at it."""

    cause: Distrust


@registry.event("notifier.inbound.released.v1")
class InboundReleasedV1(InboundEvent):
    """A person lets it out of quarantine; `received` follows in the same append."""

    released_by: str
    reason: PersonalText | None = None

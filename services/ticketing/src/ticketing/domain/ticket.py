"""The state of a ticket, as folded from its stream (fold.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_events.ticketing.ticket import Channel, Priority, Status

Aside = Literal["spam"]
"""What takes a ticket aside, over the state that it keeps."""
Standing = Literal["new", "open", "waiting_customer", "on_hold", "solved", "closed", "spam"]
"""What is shown as a ticket's state: what took it aside, else the state."""
ACTIVE: frozenset[Status] = frozenset({"open", "waiting_customer", "on_hold"})

ReplyState = Literal["queued", "cancelled", "released", "sent", "failed", "held", "discarded"]


@dataclass(frozen=True)
class Message:
    """One entry of the conversation. The message of a reply has the reply's id."""

    id: UUID
    kind: Literal["customer", "reply", "note"]
    at: datetime
    body_html: str
    body_text: str
    author_id: UUID | None = None
    author_name: str | None = None
    attachment_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class Attachment:
    """A file of the ticket; internal until a reply has sent it."""

    id: UUID
    key: str
    sha256: str
    size: int
    media_type: str
    file_name: str
    uploaded_by: str
    at: datetime


@dataclass(frozen=True)
class Reply:
    """What became of a reply."""

    id: UUID
    author_id: UUID
    state: ReplyState
    queued_at: datetime
    undo_until: datetime
    changed_at: datetime
    status_before: Status
    status_after: Status | None
    attachment_ids: tuple[UUID, ...] = ()
    mail_id: str | None = None
    code: str | None = None
    attempts: int | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ticket:
    """A ticket as of `version`."""

    id: UUID
    version: int
    number: int
    channel: Channel
    subject: str
    status: Status
    priority: Priority
    team_id: UUID
    assignee_id: UUID | None
    requester_name: str | None
    requester_email: str | None
    cc: tuple[str, ...]
    tags: tuple[str, ...]
    opened_by: str
    created_at: datetime
    updated_at: datetime
    messages: tuple[Message, ...] = ()
    attachments: Mapping[UUID, Attachment] = field(default_factory=dict)
    replies: Mapping[UUID, Reply] = field(default_factory=dict)
    status_owner: UUID | None = None
    """The reply that set the present status, until anything else does."""
    aside: Aside | None = None
    deleted: bool = False
    snoozed_until: datetime | None = None
    shared: frozenset[UUID] = frozenset()
    watchers: frozenset[UUID] = frozenset()

    @property
    def standing(self) -> Standing:
        """What is shown as its state."""
        return self.aside or self.status

    def sent_attachments(self) -> frozenset[UUID]:
        """Files that a reply has carried to the customer: these are internal no more."""
        return frozenset(
            file
            for reply in self.replies.values()
            if reply.state == "sent"
            for file in reply.attachment_ids
        )

    def customer_messages(self) -> tuple[Message, ...]:
        """What the customer wrote, oldest first."""
        return tuple(m for m in self.messages if m.kind == "customer")

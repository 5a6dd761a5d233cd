"""The state of a ticket, as folded from its stream (fold.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_events.ticketing.ticket import Channel, Priority, Status

Aside = Literal["spam", "merged"]
"""What takes a ticket aside, over the state that it keeps."""
Standing = Literal[
    "new", "open", "waiting_customer", "on_hold", "solved", "closed", "spam", "merged"
]
"""What is shown as a ticket's state: what took it aside, else the state."""
ACTIVE: frozenset[Status] = frozenset({"open", "waiting_customer", "on_hold"})

ReplyState = Literal[
    "scheduled", "queued", "cancelled", "released", "sent", "failed", "held", "bounced", "discarded"
]


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
    sender: str | None = None
    """The address of the customer who wrote it."""
    answers: UUID | None = None
    """The message that it replies to, where that is known."""
    automatic: bool = False
    """Nobody wrote it: a vacation note, a bounce."""


@dataclass(frozen=True)
class Moved:
    """A message that is shown here and held by another ticket's stream."""

    message_id: UUID
    stream_id: UUID


@dataclass(frozen=True)
class Absorbed:
    """A ticket that went up in this one, and what was before."""

    number: int
    known: frozenset[UUID]
    """The messages that this ticket had then."""
    previous_team_id: UUID | None = None
    previous_assignee_id: UUID | None = None


@dataclass(frozen=True)
class Link:
    """Another ticket that belongs to this one."""

    other_id: UUID
    number: int
    kind: Literal["follow_up", "follows", "split_off", "split_from"]


@dataclass(frozen=True)
class Attachment:
    """A file of the ticket; internal unless the customer brought it or a reply has sent it."""

    id: UUID
    key: str
    sha256: str
    size: int
    media_type: str
    file_name: str
    uploaded_by: str
    at: datetime
    content_id: str | None = None


@dataclass(frozen=True)
class Rejected:
    """A file of a mail that was not taken."""

    message_id: UUID
    file_name: str
    media_type: str
    size: int
    code: str


@dataclass(frozen=True)
class HeldMessage:
    """What somebody wrote who takes no part in the ticket."""

    message: Message
    cause: Literal["unknown_sender"]


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
    to_email: str = ""
    to_name: str | None = None
    cc: tuple[str, ...] = ()
    then: Literal["wait", "solve"] | None = None
    """Of a scheduled one: what becomes of the ticket when it goes out."""
    unless_answered: bool = False
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
    status_since: datetime
    """When its present state began."""
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
    merged_into: UUID | None = None
    absorbed: Mapping[UUID, Absorbed] = field(default_factory=dict)
    borrowed: tuple[Moved, ...] = ()
    lent: Mapping[UUID, UUID] = field(default_factory=dict)
    """Messages that went to another ticket, and to which; what they say stays in their stream."""
    links: tuple[Link, ...] = ()
    held: Mapping[UUID, HeldMessage] = field(default_factory=dict)
    """Messages that wait for whoever works on the ticket."""
    rejected: tuple[Rejected, ...] = ()

    @property
    def standing(self) -> Standing:
        """What is shown as its state."""
        return self.aside or self.status

    def sent_attachments(self) -> frozenset[UUID]:
        """Files that a reply has carried to the customer, or that he sent: internal no more."""
        carried = (r.attachment_ids for r in self.replies.values() if r.state == "sent")
        brought = (m.attachment_ids for m in self.messages if m.kind == "customer")
        return frozenset(file for files in (*carried, *brought) for file in files)

    def customer_messages(self) -> tuple[Message, ...]:
        """What the customer wrote himself, oldest first."""
        return tuple(m for m in self.messages if m.kind == "customer" and not m.automatic)

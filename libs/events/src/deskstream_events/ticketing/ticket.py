"""Tickets: their life apart from replies (see reply.py). Key: ticket id."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import Event, PersonalText, registry

Status = Literal["new", "open", "waiting_customer", "on_hold", "solved", "closed"]
Priority = Literal["low", "normal", "high", "urgent"]
Channel = Literal["api", "agent", "mail", "phone", "web"]


class TicketEvent(Event):
    """What every event of a ticket carries."""

    ticket_id: UUID


@registry.event("ticketing.ticket.opened.v1")
class TicketOpenedV1(TicketEvent):
    """A ticket exists, in state new, with the customer's first message. `number` is the short one
    that people say. Without an address nobody is acknowledged."""

    number: int
    channel: Channel
    subject: PersonalText
    message_id: UUID
    body_html: PersonalText
    body_text: PersonalText
    requester_name: PersonalText | None = None
    requester_email: PersonalText | None = None
    cc_emails: tuple[PersonalText, ...] = ()
    team_id: UUID
    priority: Priority = "normal"
    tags: tuple[str, ...] = ()
    opened_by: str
    """`user:<id>` or `key:<id>`: a key reaches the tickets it opened."""
    inbound_id: UUID | None = None
    """The mail that it came with, where it is one."""
    automatic: bool = False
    """Nobody wrote that mail: it is not answered."""
    attachment_ids: tuple[UUID, ...] = ()

    def people(self) -> tuple[str, ...]:
        own = (self.requester_email,) if self.requester_email else ()
        return tuple(f"mail:{address}" for address in (*own, *self.cc_emails))


@registry.event("ticketing.ticket.assigned.v1")
class TicketAssignedV1(TicketEvent):
    """It is someone's now; he gets a mail unless he took it himself."""

    assignee_id: UUID
    previous_id: UUID | None = None
    assigned_by: str


@registry.event("ticketing.ticket.unassigned.v1")
class TicketUnassignedV1(TicketEvent):
    """It is nobody's now."""

    previous_id: UUID


@registry.event("ticketing.ticket.team_changed.v1")
class TicketTeamChangedV1(TicketEvent):
    """It belongs to another team."""

    team_id: UUID
    previous_id: UUID


@registry.event("ticketing.ticket.priority_changed.v1")
class TicketPriorityChangedV1(TicketEvent):
    """It is more, or less, urgent."""

    priority: Priority
    previous: Priority


@registry.event("ticketing.ticket.tagged.v1")
class TicketTaggedV1(TicketEvent):
    """Tags were added."""

    tags: tuple[str, ...]


@registry.event("ticketing.ticket.untagged.v1")
class TicketUntaggedV1(TicketEvent):
    """Tags were removed."""

    tags: tuple[str, ...]


@registry.event("ticketing.ticket.status_changed.v1")
class TicketStatusChangedV1(TicketEvent):
    """Its state is another of new, open, waiting_customer, on_hold; the rest have own events."""

    status: Status
    previous: Status
    cause: Literal["staff", "assigned", "note", "reply", "reply_cancelled"]


@registry.event("ticketing.ticket.solved.v1")
class TicketSolvedV1(TicketEvent):
    """The assignee's work is done; the customer may come back."""

    previous: Status


@registry.event("ticketing.ticket.closed.v1")
class TicketClosedV1(TicketEvent):
    """Over: a later message makes a follow-up ticket."""

    previous: Status
    cause: Literal["staff", "silence"]


@registry.event("ticketing.ticket.reopened.v1")
class TicketReopenedV1(TicketEvent):
    """Open again. `delivery_failed`: a staff reply could not be delivered."""

    previous: Status
    by: Literal["staff", "admin", "customer", "delivery_failed"]
    reason: PersonalText | None = None


@registry.event("ticketing.ticket.note_added.v1")
class NoteAddedV1(TicketEvent):
    """An internal note; never mailed to the customer."""

    note_id: UUID
    author_id: UUID | None = None
    """None: written by an API key."""
    body_html: PersonalText
    body_text: PersonalText
    attachment_ids: tuple[UUID, ...] = ()


@registry.event("ticketing.ticket.attachment_added.v1")
class AttachmentAddedV1(TicketEvent):
    """A file lies in the bucket under `key`; internal until a reply sends it. Size in bytes."""

    attachment_id: UUID
    key: str
    sha256: str
    size: int
    media_type: str
    file_name: PersonalText
    uploaded_by: str
    content_id: PersonalText | None = None
    """A picture that a mail's text shows as `cid:…`."""


@registry.event("ticketing.ticket.attachment_rejected.v1")
class AttachmentRejectedV1(TicketEvent):
    """A mail carried a file that is not taken; it stays in the original. Size in bytes."""

    message_id: UUID
    file_name: PersonalText
    media_type: str
    size: int
    code: str
    """Stable: `file_type_refused`, `file_content_mismatch` …"""


@registry.event("ticketing.ticket.participant_added.v1")
class ParticipantAddedV1(TicketEvent):
    """Someone more is copied on replies."""

    email: PersonalText
    kind: Literal["cc", "bcc"] = "cc"

    def people(self) -> tuple[str, ...]:
        return (f"mail:{self.email}",)


@registry.event("ticketing.ticket.participant_removed.v1")
class ParticipantRemovedV1(TicketEvent):
    """He is copied no more."""

    email: PersonalText

    def people(self) -> tuple[str, ...]:
        return (f"mail:{self.email}",)

"""Bodies of answers."""

from typing import Any, Literal, Self
from uuid import UUID

from deskstream_events.ticketing.ticket import Channel, Priority, Status
from ticketing.application.ports import FailedReply, TicketRow
from ticketing.application.queries import Shown
from ticketing.domain.ticket import Attachment, Message, Reply, ReplyState, Standing
from ticketing.interface.http.answer import Answer, RequesterOut, Time
from ticketing.interface.http.mail_answers import HeldOut, RejectedOut


class StandingOut(Answer):
    """Where a ticket stands after a command."""

    id: UUID
    number: int
    status: Standing
    version: int


class TicketRowOut(Answer):
    """A ticket in a list."""

    id: UUID
    number: int
    subject: str
    status: Standing
    priority: Priority
    team_id: UUID
    assignee_id: UUID | None
    requester: RequesterOut
    tags: tuple[str, ...]
    created_at: Time
    updated_at: Time
    snoozed_until: Time | None
    deleted: bool
    merged_into: UUID | None
    version: int

    @classmethod
    def of(cls, row: TicketRow) -> Self:
        """From a row."""
        requester = RequesterOut(name=row.requester_name, email=row.requester_email)
        return cls.model_validate({**row.__dict__, "requester": requester})


class ReplyOut(Answer):
    """What became of a reply. `sent` means that the mail server took it, nothing more."""

    id: UUID
    state: ReplyState
    queued_at: Time
    undo_until: Time
    changed_at: Time
    author_id: UUID
    mail_id: str | None = None
    code: str | None = None
    tries: int | None = None
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """From the ticket's state."""
        return cls.model_validate({**reply.__dict__, "tries": reply.attempts})


class AuthorOut(Answer):
    """Who wrote it; the id is None for the customer and for an API key."""

    id: UUID | None
    name: str | None


class MessageOut(Answer):
    """One entry of the conversation."""

    id: UUID
    kind: Literal["customer", "reply", "note"]
    public: bool
    at: Time
    author: AuthorOut
    body_html: str
    body_text: str
    attachments: tuple[UUID, ...]
    reply: ReplyOut | None = None

    @classmethod
    def of(cls, message: Message, shown: Shown) -> Self:
        """With the author's name and, for a reply, its delivery."""
        reply = shown.ticket.replies.get(message.id)
        name = shown.names.get(message.author_id) if message.author_id else None
        return cls(
            id=message.id,
            kind=message.kind,
            public=message.kind != "note",
            at=message.at,
            author=AuthorOut(id=message.author_id, name=message.author_name or name),
            body_html=message.body_html,
            body_text=message.body_text,
            attachments=message.attachment_ids,
            reply=ReplyOut.of(reply) if reply else None,
        )


class AttachmentOut(Answer):
    """A file."""

    id: UUID
    file_name: str
    size: int
    media_type: str
    sha256: str
    at: Time
    content_id: str | None = None
    """A picture that a mail's text shows as `cid:…`."""

    @classmethod
    def of(cls, file: Attachment) -> Self:
        """From the ticket's state."""
        return cls.model_validate(file)


class LinkOut(Answer):
    """Another ticket that belongs to this one."""

    other_id: UUID
    number: int
    kind: Literal["follow_up", "follows", "split_off", "split_from"]


class TicketOut(TicketRowOut):
    """A ticket with its conversation and files."""

    channel: Channel
    cc: tuple[str, ...]
    shared_with: tuple[UUID, ...]
    watchers: tuple[UUID, ...]
    absorbed: tuple[UUID, ...]
    """Tickets that went up in this one."""
    links: tuple[LinkOut, ...]
    messages: list[MessageOut]
    held_messages: list[HeldOut]
    attachments: list[AttachmentOut]
    rejected_files: list[RejectedOut]

    @classmethod
    def shown(cls, shown: Shown) -> Self:
        """As the caller may see it."""
        ticket = shown.ticket
        requester = RequesterOut(name=ticket.requester_name, email=ticket.requester_email)
        return cls.model_validate(
            {
                **ticket.__dict__,
                "status": ticket.standing,
                "shared_with": tuple(sorted(ticket.shared)),
                "watchers": tuple(sorted(ticket.watchers)),
                "absorbed": tuple(ticket.absorbed),
                "requester": requester,
                "messages": [MessageOut.of(m, shown) for m in shown.messages],
                "held_messages": [HeldOut.of(one) for one in shown.held],
                "rejected_files": [RejectedOut.model_validate(one) for one in ticket.rejected],
                "attachments": [AttachmentOut.of(f) for f in shown.attachments],
            }
        )


class NoteOut(Answer):
    """A note as kept."""

    id: UUID
    ticket_id: UUID
    kind: Literal["note"] = "note"
    public: Literal[False] = False
    body_html: str
    body_text: str
    at: Time


class QueuedOut(Answer):
    """A reply that can still be taken back."""

    reply_id: UUID
    message_id: UUID
    state: ReplyState
    undo_until: Time


class CancelledOut(Answer):
    """A reply that will never be mailed."""

    reply_id: UUID
    state: ReplyState
    ticket_status: Status


class FailedReplyOut(Answer):
    """A reply that needs a person: `held` may have gone out or not, `failed` did not, `bounced`
    did and came back."""

    reply_id: UUID
    ticket_id: UUID
    ticket_number: int
    state: Literal["failed", "held", "bounced"]
    code: str | None
    author_id: UUID
    queued_at: Time
    changed_at: Time
    tries: int | None

    @classmethod
    def of(cls, row: FailedReply) -> Self:
        """From a row."""
        return cls.model_validate({**row.__dict__, "tries": row.attempts})


class MergePreviewOut(Answer):
    """What a merge would do."""

    loser_id: UUID
    survivor_id: UUID
    survivor_number: int
    messages: int
    attachments: int
    replies: int
    team_id: UUID
    restricts: bool
    unassigns: bool


class HappeningOut(Answer):
    """One fact: what happened, when (by the desk's clock, and by the store's), through whom, led to
    by which fact (`cause`), in which request (`correlation`)."""

    version: int
    what: str
    at: Time
    recorded_at: Time
    actor: str
    actor_name: str | None
    cause: str | None
    correlation: str
    details: dict[str, Any]


class HistoryOut(Answer):
    """A page of facts; with `as_of` also the ticket as it stood then."""

    items: list[HappeningOut]
    next: str | None
    ticket: TicketOut | None


class BulkResultOut(Answer):
    """What became of one item: a status as of a single request, with the code of a refusal."""

    ticket: str
    status: int
    code: str | None = None
    field: str | None = None
    standing: Standing | None = None
    version: int | None = None


class BulkOut(Answer):
    """One result an item, in the order asked for."""

    items: list[BulkResultOut]

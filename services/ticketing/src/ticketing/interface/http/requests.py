"""Bodies of requests, and the commands they mean."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from deskstream_events.event import Instant
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.ticketing.ticket import Priority
from ticketing.application.add_note import AddNote
from ticketing.application.change_ticket import ChangeTicket
from ticketing.application.handle_trouble import EditReply
from ticketing.application.open_ticket import OpenTicket
from ticketing.application.ports import RawBody, TicketRef
from ticketing.application.reply_to_ticket import ReplyToTicket
from ticketing.domain.changes import Target
from ticketing.domain.errors import PublicComment
from ticketing.interface.http.fields import (
    Copied,
    Email,
    Files,
    Name,
    Staff,
    Strict,
    Subject,
    Tags,
    Text,
    TicketKey,
    assignee_ref,
)


class WithText(Strict):
    """A body with a text: HTML, or plain."""

    body_html: Text | None = None
    body_text: Text | None = None

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if self.body_html is None and self.body_text is None:
            raise ValueError("body_html or body_text is needed")
        return self

    def raw(self) -> RawBody:
        """The text as it came."""
        return RawBody(self.body_html, self.body_text)


class RequesterIn(Strict):
    """Who has the concern; without an address nobody is acknowledged."""

    name: Name | None = None
    email: Email | None = None


class OpenTicketIn(WithText):
    """POST /api/tickets."""

    subject: Subject
    requester: RequesterIn = RequesterIn()
    cc: Copied = ()
    team_id: UUID = SUPPORT_TEAM_ID
    priority: Priority = "normal"
    tags: Tags = ()
    assignee: Name | None = None
    """Id or e-mail."""

    def command(self) -> OpenTicket:
        """What is meant."""
        return OpenTicket(
            subject=self.subject,
            body=self.raw(),
            requester_name=self.requester.name or None,
            requester_email=self.requester.email,
            cc=self.cc,
            team_id=self.team_id,
            priority=self.priority,
            tags=self.tags,
            assignee=assignee_ref(self.assignee),
        )


class ChangeTicketIn(Strict):
    """PUT /api/tickets/{id}; what is absent stays, `assignee: null` takes the assignee off."""

    status: Target | None = None
    priority: Priority | None = None
    team_id: UUID | None = None
    assignee: Name | None = None
    tags: Tags | None = None
    add_tags: Tags = ()
    remove_tags: Tags = ()
    shared_with: Staff | None = None
    watchers: Staff | None = None

    def command(self, ticket: TicketRef, seen: int | None) -> ChangeTicket:
        """What is meant."""
        return ChangeTicket(
            ticket=ticket,
            seen=seen,
            status=self.status,
            priority=self.priority,
            team_id=self.team_id,
            assignee=assignee_ref(self.assignee),
            unassign=self.assignee is None and "assignee" in self.model_fields_set,
            tags=self.tags,
            add_tags=self.add_tags,
            remove_tags=self.remove_tags,
            shared_with=self.shared_with,
            watchers=self.watchers,
        )


class NoteIn(WithText):
    """POST /api/tickets/{id}/comments."""

    attachments: Files = ()
    public: bool = False

    def command(self, ticket: TicketRef) -> AddNote:
        """What is meant. Raises PublicComment."""
        if self.public:
            raise PublicComment(
                "comments are internal; to answer the customer use /reply",
                field="public",
                use="/reply",
            )
        return AddNote(ticket, self.raw(), self.attachments)


class ReplyIn(WithText):
    """POST /api/tickets/{id}/reply."""

    attachments: Files = ()
    cc: Copied | None = None
    last_seen: UUID | None = None
    send_at: Instant | None = None
    """Scheduled: it goes out then, not before."""
    unless_answered: bool = False
    """Of a scheduled one: cancelled if the customer writes first."""
    signature_id: UUID | None = None
    """Absent: the default one; null: none."""
    then: Literal["wait", "solve"] | None = None

    def command(self, ticket: TicketRef) -> ReplyToTicket:
        """What is meant."""
        return ReplyToTicket(
            ticket=ticket,
            body=self.raw(),
            attachment_ids=self.attachments,
            cc=self.cc,
            last_seen=self.last_seen,
            then=self.then,
            send_at=self.send_at,
            unless_answered=self.unless_answered,
            signature=self._signature(),
        )

    def _signature(self) -> UUID | bool:
        if "signature_id" not in self.model_fields_set:
            return True
        return self.signature_id or False


class EditReplyIn(WithText):
    """PUT of a reply; what is absent of `cc` and `to` stays."""

    attachments: Files = ()
    cc: Copied | None = None
    to: Email | None = None

    def command(self, ticket: TicketRef, reply_id: UUID, seen: int) -> EditReply:
        """What is meant."""
        return EditReply(ticket, reply_id, seen, self.raw(), self.attachments, self.cc, self.to)


class ReopenIn(Strict):
    """POST …/reopen."""

    reason: Name | None = None


class SnoozeIn(Strict):
    """POST …/snooze; null ends it."""

    until: Instant | None


class MergeIn(Strict):
    """POST …/merge and …/merge/preview."""

    into: TicketKey
    """The surviving ticket, by id or number."""


class UnmergeIn(Strict):
    """POST …/unmerge."""

    reason: Name | None = None


class SplitIn(Strict):
    """POST …/split."""

    message_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=500)]
    subject: Subject | None = None
    """None: the same."""


class BulkIn(Strict):
    """POST /api/tickets/bulk."""

    tickets: Annotated[tuple[TicketKey, ...], Field(min_length=1, max_length=100)]
    """Ids or numbers."""
    change: ChangeTicketIn

    def refs(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys(self.tickets))

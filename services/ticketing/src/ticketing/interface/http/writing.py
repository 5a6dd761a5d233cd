"""Bodies of drafts, signatures and canned responses."""

from typing import Literal
from uuid import UUID

from ticketing.application.canned_responses import SaveCannedResponse
from ticketing.application.keep_draft import KeepDraft
from ticketing.application.ports import RawBody, TicketRef
from ticketing.application.signatures import SaveSignature
from ticketing.application.writing import Mode
from ticketing.interface.http.answer import Answer, Time
from ticketing.interface.http.fields import Copied, Files, Strict, Subject, Text, TicketKey
from ticketing.interface.http.requests import WithText


class DraftIn(Strict):
    """PUT …/draft; an empty text is no draft."""

    mode: Mode = "reply"
    body_html: Text | None = None
    body_text: Text | None = None
    cc: Copied | None = None
    attachments: Files = ()

    def command(self, ticket: TicketRef) -> KeepDraft:
        """What is meant."""
        raw = RawBody(self.body_html, self.body_text)
        return KeepDraft(ticket, self.mode, raw, self.cc, self.attachments)


class DraftQuery(Strict):
    """DELETE …/draft; without a mode both go."""

    mode: Mode | None = None


class DraftOut(Answer):
    """A draft of the caller's."""

    mode: Literal["reply", "note"]
    body_html: str
    body_text: str
    cc: tuple[str, ...] | None
    attachment_ids: tuple[UUID, ...]
    updated_at: Time


class DraftsOut(Answer):
    """At most one a mode."""

    items: list[DraftOut]


class SignatureIn(WithText):
    """POST and PUT of signatures."""

    name: Subject
    is_default: bool = False

    def command(self, own_id: UUID | None) -> SaveSignature:
        """What is meant."""
        return SaveSignature(own_id, self.name, self.raw(), self.is_default)


class SignatureOut(Answer):
    """A signature of the caller's."""

    id: UUID
    name: str
    body_html: str
    body_text: str
    is_default: bool
    updated_at: Time


class SignaturesOut(Answer):
    """All of the caller's."""

    items: list[SignatureOut]


class CannedResponseIn(WithText):
    """POST and PUT of canned responses."""

    title: Subject
    team_id: UUID | None = None
    """None: for everybody."""

    def command(self, own_id: UUID | None) -> SaveCannedResponse:
        """What is meant."""
        return SaveCannedResponse(own_id, self.title, self.raw(), self.team_id)


class ResponsesQuery(Strict):
    """GET /api/canned-responses."""

    ticket: TicketKey | None = None
    """Fill the placeholders from this ticket."""


class CannedResponseOut(Answer):
    """A canned response."""

    id: UUID
    title: str
    body_html: str
    body_text: str
    team_id: UUID | None
    updated_at: Time


class CannedResponsesOut(Answer):
    """All that the caller may use."""

    items: list[CannedResponseOut]

"""What helps to write: drafts, signatures, canned responses. Rows, not events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from deskstream_eventstore import Work
from ticketing.domain.bodies import Body

Mode = Literal["reply", "note"]


@dataclass(frozen=True)
class Draft:
    """What someone has begun to write to a ticket; one a person and mode."""

    ticket_id: UUID
    user_id: UUID
    mode: Mode
    body_html: str
    body_text: str
    cc: tuple[str, ...] | None
    attachment_ids: tuple[UUID, ...]
    updated_at: datetime


@dataclass(frozen=True)
class Signature:
    """What stands below a person's replies; of several one is the default."""

    id: UUID
    user_id: UUID
    name: str
    body_html: str
    body_text: str
    is_default: bool
    updated_at: datetime

    @property
    def body(self) -> Body:
        """Its text."""
        return Body(self.body_html, self.body_text)


@dataclass(frozen=True)
class CannedResponse:
    """A text with placeholders, for everybody or for one team."""

    id: UUID
    title: str
    body_html: str
    body_text: str
    team_id: UUID | None
    updated_at: datetime
    updated_by: str

    @property
    def body(self) -> Body:
        """Its text, placeholders unfilled."""
        return Body(self.body_html, self.body_text)


class Drafts(Protocol):
    """Each person's own."""

    async def of(self, work: Work, ticket_id: UUID, user_id: UUID) -> Sequence[Draft]:
        """At most one a mode."""
        ...

    async def keep(self, work: Work, draft: Draft) -> None:
        """Insert or replace."""
        ...

    async def drop(self, work: Work, ticket_id: UUID, user_id: UUID, mode: Mode | None) -> None:
        """Of one mode, or (None) of both."""
        ...


class Signatures(Protocol):
    """Each person's own."""

    async def of(self, work: Work, user_id: UUID) -> Sequence[Signature]:
        """By name."""
        ...

    async def keep(self, work: Work, signature: Signature) -> None:
        """Insert or replace; a new default takes the place of the old one."""
        ...

    async def drop(self, work: Work, user_id: UUID, signature_id: UUID) -> bool:
        """Whether there was one."""
        ...


class CannedResponses(Protocol):
    """The desk's."""

    async def all(self, work: Work) -> Sequence[CannedResponse]:
        """By title."""
        ...

    async def get(self, work: Work, response_id: UUID) -> CannedResponse | None:
        """By id."""
        ...

    async def keep(self, work: Work, response: CannedResponse) -> None:
        """Insert or replace."""
        ...

    async def drop(self, work: Work, response_id: UUID) -> bool:
        """Whether there was one."""
        ...

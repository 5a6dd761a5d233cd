"""What the use cases need from outside; infra implements it, testing.py holds the fakes."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Literal, Protocol
from uuid import UUID

from deskstream_chassis.access import Actor
from deskstream_events.ticketing.ticket import Channel, Priority
from deskstream_eventstore import Work
from ticketing.domain.bodies import Body
from ticketing.domain.files import FileKind
from ticketing.domain.people import Person, Team
from ticketing.domain.ticket import Standing

TicketRef = UUID | int
"""A ticket's id or its number."""


class Directory(Protocol):
    """Users and teams as the gateway's events told them."""

    async def person(self, work: Work, person_id: UUID) -> Person | None:
        """Staff with this id, whatever his state."""
        ...

    async def person_by_email(self, work: Work, email: str) -> Person | None:
        """Staff with this address, in any case."""
        ...

    async def names(self, work: Work, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """Names of those who are known."""
        ...

    async def team(self, work: Work, team_id: UUID) -> Team | None:
        """A team; Support is known from the start."""
        ...

    async def keep_person(self, work: Work, person: Person) -> None:
        """From now on he is this."""
        ...

    async def keep_team(self, work: Work, team: Team) -> None:
        """From now on it is this."""
        ...


class Index(Protocol):
    """Small look-ups in the read models."""

    async def next_number(self, work: Work) -> int:
        """A number that no ticket had; gaps are possible."""
        ...

    async def by_number(self, work: Work, number: int) -> UUID | None:
        """The ticket that has it."""
        ...

    async def ticket_of_mail(self, work: Work, mail_id: str) -> tuple[UUID, UUID | None] | None:
        """(ticket, reply) of a mail of ours, by its Message-ID; no reply for an automatic one."""
        ...

    async def mark_mail(
        self, work: Work, mail_id: str, ticket_id: UUID, reply_id: UUID | None
    ) -> None:
        """From now on an answer to this mail belongs to that ticket."""
        ...

    async def participants(self, work: Work, tickets: Sequence[UUID]) -> frozenset[str]:
        """Addresses, case-folded, of all who ever took part in one of these."""
        ...

    async def ticket_of_attachment(self, work: Work, attachment_id: UUID) -> UUID | None:
        """Whose file it is."""
        ...

    async def take_due_reply(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """(ticket, reply) of a queued reply whose undo window is over, locked until the work ends;
        what another process has locked is passed over, and so are those of `leave`."""
        ...

    async def take_due_scheduled(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """(ticket, reply) of a scheduled reply whose time has come, as take_due_reply."""
        ...

    async def take_due_snooze(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """(ticket, ticket) of a snooze whose time has come, as take_due_reply."""
        ...

    async def take_solved_before(
        self, work: Work, then: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """(ticket, ticket) of one that has been solved since then or longer, as take_due_reply."""
        ...

    async def kept_keys(self, work: Work, keys: Sequence[str]) -> frozenset[str]:
        """Those of these bucket keys that a ticket's file has."""
        ...


@dataclass(frozen=True)
class Filters:
    """Which tickets a list shows; empty means all."""

    statuses: tuple[Standing, ...] = ()
    """Empty: all but what stands aside (spam, merged)."""
    deleted: bool = False
    """Only what is deleted, instead of what is not."""
    snoozed: bool | None = None
    watcher: UUID | None = None
    teams: tuple[UUID, ...] = ()
    assignee: UUID | str | None = None
    """By id; by e-mail only until the use case has looked it up."""
    unassigned: bool = False
    priorities: tuple[Priority, ...] = ()
    tag: str | None = None
    channels: tuple[Channel, ...] = ()
    customer: str | None = None
    """The requester's address, in any case."""
    created_since: datetime | None = None
    created_before: datetime | None = None
    updated_since: datetime | None = None
    updated_before: datetime | None = None
    troubled: bool = False
    """Only those with a reply that failed, bounced or is held."""
    text: str | None = None
    """A number, or words of messages, subject or participants."""


Sort = Literal["-updated_at", "updated_at", "-created_at", "created_at", "-number", "number"]
Position = tuple[str, UUID]
"""Sort value (as text) and id of a page's last row."""


@dataclass(frozen=True)
class TicketRow:
    """A ticket in a list."""

    id: UUID
    number: int
    subject: str
    status: Standing
    priority: Priority
    team_id: UUID
    assignee_id: UUID | None
    requester_name: str | None
    requester_email: str | None
    tags: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    snoozed_until: datetime | None
    deleted: bool
    merged_into: UUID | None
    version: int


@dataclass(frozen=True)
class FailedReply:
    """A reply that needs a person."""

    reply_id: UUID
    ticket_id: UUID
    ticket_number: int
    state: Literal["failed", "held", "bounced"]
    code: str | None
    author_id: UUID
    queued_at: datetime
    changed_at: datetime
    attempts: int | None


class Lists(Protocol):
    """Lists, each only of what the actor may see."""

    async def tickets(
        self,
        work: Work,
        actor: Actor,
        filters: Filters,
        sort: Sort,
        after: Position | None,
        limit: int,
    ) -> Sequence[TicketRow]:
        """At most `limit` tickets behind `after`."""
        ...

    async def count(self, work: Work, actor: Actor, filters: Filters, most: int) -> int:
        """How many tickets, counted up to `most`."""
        ...

    async def failed_replies(
        self, work: Work, actor: Actor, after: Position | None, limit: int
    ) -> Sequence[FailedReply]:
        """Failed, held and bounced replies, newest first."""
        ...


@dataclass(frozen=True)
class RawBody:
    """A text as it came: HTML, or plain."""

    html: str | None = None
    text: str | None = None


class Cleaner(Protocol):
    """Makes texts safe."""

    def __call__(self, raw: RawBody) -> Body:
        """Raises BodyMissing, BodyTooLarge."""
        ...


class Inspector(Protocol):
    """Judges a file by its first bytes."""

    def __call__(self, kind: FileKind, head: bytes) -> None:
        """Raises FileMismatch."""
        ...


class Opener(Protocol):
    """Judges a file by what it holds; takes its time, so it runs in a thread."""

    def __call__(self, kind: FileKind, file: BinaryIO) -> None:
        """Raises ArchiveTooLarge, ArchiveUnreadable, ActiveContent, PictureTooLarge,
        FileMismatch."""
        ...


@dataclass(frozen=True)
class StoredObject:
    """What a write to the bucket left."""

    key: str
    size: int
    sha256: str


class Files(Protocol):
    """The bucket, this service's own prefix."""

    async def put(self, chunks: AsyncIterator[bytes]) -> StoredObject:
        """A new object under a fresh key. If the chunks raise, nothing is left."""
        ...

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to and without `end`."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Objects that no ticket has."""
        ...

    def abandoned(self, grace: timedelta, reach: timedelta) -> AsyncIterator[Sequence[str]]:
        """Keys of objects older than `grace` and younger than `reach`, in batches: of these some
        may belong to no ticket."""
        ...


class Incoming(Protocol):
    """An upload that has not been read yet."""

    async def open(self) -> tuple[str, AsyncIterator[bytes]]:
        """The file's name and its bytes as they arrive. Raises FileMalformed."""
        ...

"""What the use cases need from outside; infra implements it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deskstream_eventstore import Work
from notifier.application.cause import Standing
from notifier.application.mail import LoadedFile, Mail
from notifier.domain.caps import CapSource
from notifier.domain.delivery import Delivery
from notifier.domain.letter import Attached, Letter
from notifier.domain.people import Person
from notifier.domain.threading import Thread, Written
from notifier.domain.ticket import PendingReply, Ticket


class People(Protocol):
    """The replica of staff accounts."""

    async def keep(self, work: Work, person: Person) -> None:
        """From now on he is this."""
        ...

    async def find(self, work: Work, user_id: UUID) -> Person | None:
        """Whatever his state; None while his events have not come."""
        ...

    async def active_admins(self, work: Work) -> list[Person]:
        """Whom to tell about people who wait."""
        ...


class Tickets(Protocol):
    """The replica of tickets, and replies that wait for their release."""

    async def keep(self, work: Work, ticket: Ticket) -> None:
        """From now on it is this."""
        ...

    async def find(self, work: Work, ticket_id: UUID) -> Ticket | None:
        """None if it never opened here."""
        ...

    async def keep_reply(self, work: Work, reply: PendingReply) -> None:
        """A queued reply, in place of an earlier state of the same."""
        ...

    async def take_reply(self, work: Work, reply_id: UUID) -> PendingReply | None:
        """The queued reply, which is then gone."""
        ...


@dataclass(frozen=True)
class LateNotice:
    """An assignment to someone who is not known, or not approved, yet (topics have no common
    order): the notice waits for his approval."""

    user_id: UUID
    ticket_id: UUID
    assigned_by: str
    event_id: UUID
    at: datetime
    standing: Standing
    correlation_id: str
    traceparent: str | None


class LateNotices(Protocol):
    """Notices that wait for a person."""

    async def keep(self, work: Work, notice: LateNotice) -> None:
        """Once per fact."""
        ...

    async def take(self, work: Work, user_id: UUID) -> list[LateNotice]:
        """All of his, oldest first, which are then gone."""
        ...


class Letters(Protocol):
    """Letters until their fate is final: the only place that holds words and addresses."""

    async def put(self, work: Work, letter: Letter) -> None:
        """Kept with keyed hashes of its recipients, so that redaction finds it."""
        ...

    async def get(self, work: Work, message_id: UUID) -> Letter | None:
        """None once its fate is final, or after redaction."""
        ...

    async def drop(self, work: Work, message_id: UUID) -> None:
        """Its words are not needed any more."""
        ...


class Correspondence(Protocol):
    """Which mails a ticket consists of: ours that customers got, and theirs."""

    async def keep(self, work: Work, ticket_id: UUID, inbound_id: UUID, at: datetime) -> None:
        """A mail that came in belongs to the ticket; the first word on it stays."""
        ...

    async def of(self, work: Work, ticket_id: UUID) -> list[Written]:
        """Those with a Message-ID, oldest first."""
        ...


class Screen(Protocol):
    """Who is not to be mailed. Addresses are kept as keyed hashes."""

    async def suppress(
        self,
        work: Work,
        address: str,
        reason: str,
        at: datetime,
        message_id: UUID | None = None,
    ) -> None:
        """From now on no mail goes to this address; `message_id` is the one that came back."""
        ...

    async def suppressed(self, work: Work, addresses: Sequence[str]) -> frozenset[str]:
        """Those of the addresses that get none."""
        ...

    async def claim(
        self, work: Work, address: str, message_id: UUID, now: datetime
    ) -> CapSource | None:
        """Count one more automatic mail, or say which cap forbids it. Two claims for one address
        wait for each other; a repeated claim of the same message counts once, at its last time."""
        ...


class Files(Protocol):
    """The bucket, read-only."""

    async def load(self, file: Attached) -> LoadedFile:
        """Streams and hashes. Raises AttachmentMissing, AttachmentChanged, FilesUnreachable."""
        ...


class Composer(Protocol):
    """Writes mails."""

    def compose(
        self,
        letter: Letter,
        thread: Thread,
        files: Sequence[LoadedFile],
        *,
        at: datetime,
        correlation_id: str,
    ) -> Mail:
        """Raises BadAddress, LinkUnreadable. Uses CPU: run it in a thread for large files."""
        ...


class MailSender(Protocol):
    """The mail server."""

    async def send(self, mail: Mail, *, tries: int) -> Delivery:
        """One try; never raises for what server or network do."""
        ...

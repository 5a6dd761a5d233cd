"""A mail on its way in, from the wire to the store."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deskstream_events.notifier.inbound import Way
from notifier.domain.inbound import Marks


@dataclass(frozen=True)
class Delivered:
    """A mail as it was handed over, for one of our mailboxes. `return_path` is empty for mails
    that must not be answered, None where it is not known."""

    mailbox: str
    way: Way
    return_path: str | None
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True)
class PartFile:
    """A file that a mail carries."""

    file_name: str
    media_type: str
    content: bytes
    content_id: str | None = None


@dataclass(frozen=True)
class Bounce:
    """What a delivery report says: the mail that did not arrive, to whom, and why."""

    mail_ids: tuple[str, ...]
    failed: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class ReadMail:
    """A mail, read. Texts hold nothing that cannot be stored; the HTML is clean. Raw forms of
    quoted text and files stay in the original."""

    mail_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    thread_index: str | None = None
    senders: tuple[tuple[str, str | None], ...] = ()
    """Addresses and names of `From`."""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str = ""
    written_at: datetime | None = None
    body_html: str = ""
    body_text: str = ""
    quoted_text: str | None = None
    files: tuple[PartFile, ...] = ()
    marks: Marks = field(default_factory=Marks)
    authentication_results: tuple[str, ...] = ()
    bounce: Bounce | None = None
    unreadable: bool = False

    @property
    def sender(self) -> tuple[str | None, str | None]:
        """Address and name of the first of them."""
        return self.senders[0] if self.senders else (None, None)


class ReadsMail(Protocol):
    """Reads mails. Uses CPU: run it in a thread."""

    def __call__(self, raw: bytes) -> ReadMail:
        """Never raises: what cannot be read is told so."""
        ...


@dataclass(frozen=True)
class Kept:
    """An object in the bucket."""

    key: str
    sha256: str
    size: int


class Attic(Protocol):
    """The notifier's own prefix of the bucket."""

    async def keep(self, inbound_id: UUID, what: str, content: bytes) -> Kept:
        """Under a key that follows from the arguments: keeping it again changes nothing. Raises
        FilesUnreachable."""
        ...

"""A mail before it is written: to whom, why, and the facts that its template tells.

Everything about people lives here and nowhere else: the ledger row names the message only, and the
letter is dropped once its fate is final.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from deskstream_events.notifier.message import Kind
from notifier.domain.addresses import Recipient

NAMESPACE = UUID("6f0f4a52-6d0e-5c3b-9a57-2f2d3f0f8a11")


@dataclass(frozen=True)
class Attached:
    """A file in the bucket; it is mailed only if the bytes have this hash."""

    key: str
    sha256: str
    size: int
    media_type: str
    file_name: str


@dataclass(frozen=True)
class Letter:
    """`facts` is what the template may say. `expires_at`: from then on it is useless."""

    message_id: UUID
    kind: Kind
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()
    ticket_id: UUID | None = None
    reply_id: UUID | None = None
    facts: dict[str, str | int] = field(default_factory=dict)
    files: tuple[Attached, ...] = ()
    expires_at: datetime | None = None

    @property
    def automatic(self) -> bool:
        """No person wrote it: it says so in a header, and the loop caps count it."""
        return self.kind != "reply"

    @property
    def to_customer(self) -> bool:
        """Answers to it belong to its ticket."""
        return self.kind in ("ticket_acknowledged", "reply")

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """All, in the order in which results name them."""
        return (*self.to, *self.cc)


def message_id_for(kind: Kind, event_id: UUID, person: UUID | None = None) -> UUID:
    """The same for every delivery of the same fact, so that a repeat finds the first."""
    return uuid5(NAMESPACE, f"{kind}:{event_id}:{person or ''}")

"""What the notifier knows of a ticket, and of a reply that waits for its release."""

from dataclasses import dataclass
from uuid import UUID

from notifier.domain.addresses import Recipient
from notifier.domain.letter import Attached


@dataclass(frozen=True)
class Ticket:
    """Kept from its events; `requester` is None where there is no address."""

    ticket_id: UUID
    number: int
    subject: str
    team_id: UUID
    requester: Recipient | None = None
    cc: tuple[str, ...] = ()


@dataclass(frozen=True)
class PendingReply:
    """A queued reply: mailed as it stands here once it is released."""

    reply_id: UUID
    ticket_id: UUID
    author_name: str
    body_html: str
    body_text: str
    to: Recipient
    cc: tuple[str, ...] = ()
    files: tuple[Attached, ...] = ()

"""How the mails of one ticket hang together in a mail program (RFC 5322 §3.6.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

MOST_REFERENCES = 20
"""The root and the newest ones: mail programs need no more, and headers stay short."""


@dataclass(frozen=True)
class Thread:
    """Message-IDs without angle brackets, oldest first; `in_reply_to` is the newest."""

    references: tuple[str, ...] = ()

    @property
    def in_reply_to(self) -> str | None:
        return self.references[-1] if self.references else None


def mail_id(message_id: UUID, domain: str) -> str:
    """Our Message-ID, without angle brackets: the same whenever the message is tried again."""
    return f"{message_id}@{domain}"


def root_id(ticket_id: UUID, domain: str) -> str:
    """What the first mail of a ticket refers to, so that all of them share an ancestor."""
    return f"ticket-{ticket_id}@{domain}"


def thread(ticket_id: UUID | None, sent: Sequence[str], domain: str) -> Thread:
    """`sent`: Message-IDs of the mails of this ticket that went out, oldest first."""
    if ticket_id is None:
        return Thread()
    return Thread((root_id(ticket_id, domain), *sent[-(MOST_REFERENCES - 1) :]))

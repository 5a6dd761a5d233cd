"""How the mails of one ticket hang together in a mail program (RFC 5322 §3.6.4)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

MOST_REFERENCES = 20
"""The root and the newest ones: mail programs need no more, and headers stay short."""

_CARRIED = re.compile(r"[!-;=?-~]{1,250}")
"""What of others' Message-IDs may stand in our headers: no blanks, brackets or foreign letters."""


@dataclass(frozen=True)
class Written:
    """A mail of a ticket, by its Message-ID: ours, or a customer's."""

    mail_id: str
    ours: bool


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


def thread(ticket_id: UUID | None, mails: Sequence[Written], domain: str) -> Thread:
    """What the next mail of the ticket answers: the customer's newest, before which all others
    stand; where he wrote none by mail, our own newest. `mails`: oldest first."""
    if ticket_id is None:
        return Thread()
    fit = [one for one in mails if _CARRIED.fullmatch(one.mail_id)]
    theirs = [place for place, one in enumerate(fit) if not one.ours]
    above = [one.mail_id for one in (fit[: theirs[-1] + 1] if theirs else fit)]
    return Thread((root_id(ticket_id, domain), *above[-(MOST_REFERENCES - 1) :]))

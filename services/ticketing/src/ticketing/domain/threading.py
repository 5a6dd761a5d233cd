"""Where a mail belongs (04-domain.md §3): plus token, our own Message-IDs, number, else nowhere."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ticketing.domain.ticket import Ticket

_NUMBER = re.compile(r"(?<![\w#])#(\d{1,9})(?!\w)")
_ROOT = re.compile(r"ticket-([0-9a-f-]{36})@")
MOST_NUMBERS = 5


@dataclass(frozen=True)
class Candidate:
    """A ticket that a mark of the mail names; `ticket` is where its messages go now. By the number
    alone nobody gets in who takes no part."""

    ticket: Ticket
    answers: UUID | None = None
    by_number: bool = False


@dataclass(frozen=True)
class Match:
    """Where the mail belongs. `known`: its sender takes part there."""

    ticket: Ticket
    answers: UUID | None
    known: bool


def newest_first(in_reply_to: Sequence[str], references: Sequence[str]) -> tuple[str, ...]:
    """Message-IDs that a mail answers, each once."""
    return tuple(dict.fromkeys((*in_reply_to, *reversed(references))))


def root_of(mail_id: str) -> UUID | None:
    """The ticket that a Message-ID of no mail names: the ancestor of all mails of a ticket."""
    found = _ROOT.match(mail_id)
    try:
        return UUID(found[1]) if found else None
    except ValueError:
        return None


def numbers_in(subject: str) -> tuple[int, ...]:
    """Ticket numbers that the subject names, `#17`."""
    return tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(subject)))[:MOST_NUMBERS]


def takes_part(ticket: Ticket, address: str | None, others: Iterable[str] = ()) -> bool:
    """Whether someone is the requester, or in copy; `others` are who else is known to be."""
    if address is None:
        return False
    own = (ticket.requester_email, *ticket.cc, *others)
    return address.casefold() in {one.casefold() for one in own if one}


def choose(candidates: Sequence[tuple[Candidate, bool]]) -> Match | None:
    """Of the tickets named, strongest mark first, each with whether the sender takes part: the
    first where he does; else the first, where the mail waits for whoever works on it."""
    for candidate, known in candidates:
        if known:
            return Match(candidate.ticket, candidate.answers, known=True)
    for candidate, _ in candidates:
        if not candidate.by_number:
            return Match(candidate.ticket, candidate.answers, known=False)
    return None

"""What the mail server's answers mean (design 05 §2: before DATA repeat, after it hold)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

PATIENCE = 3
"""Tries for which one temporarily refused recipient keeps the others waiting."""


@dataclass(frozen=True)
class Refusal:
    """One recipient was not taken; `recipient` counts from 0 in the mail's own order."""

    recipient: int
    code: str


@dataclass(frozen=True)
class Accepted:
    """The server took the mail for all recipients but the refused ones."""

    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Never: a permanent answer, and nothing was mailed."""

    code: str


@dataclass(frozen=True)
class Postponed:
    """Not now, and surely nothing was mailed: it may be tried again."""

    code: str


@dataclass(frozen=True)
class Unclear:
    """The server fell silent after DATA: mailed or not, nobody knows."""

    code: str = "unknown_outcome"


Delivery = Accepted | Refused | Postponed | Unclear


NOT_THIS_MAILS_FAULT = frozenset({502, 503, 530, 534, 535, 538})
"""Permanent answers that speak of our settings (sign-in, TLS): the mail waits until they are
right."""


def smtp_code(status: int) -> str:
    """The stable code of an SMTP answer: `smtp_550`; `smtp_nonsense` for what is no answer."""
    return f"smtp_{status}" if 200 <= status <= 599 else "smtp_nonsense"


def answered(status: int) -> Refused | Postponed:
    """An answer that refuses: 5xx for good, all others for now."""
    for_good = 500 <= status <= 599 and status not in NOT_THIS_MAILS_FAULT
    return Refused(smtp_code(status)) if for_good else Postponed(smtp_code(status))


def judge_recipients(
    statuses: Sequence[int], *, tries: int
) -> tuple[Refusal, ...] | Refused | Postponed:
    """The answers to RCPT: go on with DATA naming these refused, or stop here.

    A recipient refused for now holds the mail back for PATIENCE tries, then it goes without him.
    """
    refused = tuple(
        Refusal(place, smtp_code(status))
        for place, status in enumerate(statuses)
        if not 200 <= status <= 299
    )
    later = [
        status
        for status in statuses
        if not 200 <= status <= 299 and isinstance(answered(status), Postponed)
    ]
    if later and (tries < PATIENCE or len(refused) == len(statuses)):
        return Postponed(smtp_code(later[0]))
    if len(refused) == len(statuses):
        return Refused(refused[0].code)
    return refused


def pause_before_retry(tries: int) -> timedelta:
    """1, 2, 4 … at most 60 s: short after a restart of the server, gentle in a long outage."""
    return timedelta(seconds=min(2 ** min(max(tries - 1, 0), 6), 60))

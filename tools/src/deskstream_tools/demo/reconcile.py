"""Acknowledged = stored = published = mailed, or what is missing and what is doubled."""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_tools.demo.load import Acknowledged, Ledger
from deskstream_tools.demo.mail import Mailbox
from deskstream_tools.demo.oracle import published_since, stored_since
from deskstream_tools.demo.target import Progress, Target
from deskstream_tools.demo.waiting import eventually

QUIET = 120
"""So many looks in a row without a new mail, a quarter of a second apart: no more will come."""

AFTER_THE_LAST = 8
"""The same once all are there: a second copy would come soon."""

Mails = dict[int, list[float]]
"""Ticket number → arrival times (epoch seconds) of its acknowledgements."""


@dataclass(frozen=True)
class Result:
    """Counts, and latencies in milliseconds."""

    tickets: int
    acknowledged: int
    stored: int
    published: int
    mails: int
    lost: int
    duplicates: int
    post_p50_ms: float
    post_p99_ms: float
    mail_p50_ms: float
    mail_p99_ms: float


async def reconcile(
    target: Target, mailbox: Mailbox, ledger: Ledger, before: int, progress: Progress
) -> Result:
    """Wait until each acknowledged ticket's mail is there (or no more come), then count."""
    mails = await _mails_when_quiet(mailbox, ledger.acknowledged, progress)
    stored = await stored_since(target.ticketing_dsn, before)
    published = await published_since(target.kafka_bootstrap, target.topic_prefix, before)
    promised = {entry.ticket_id: entry for entry in ledger.acknowledged}
    lost = sum(
        1
        for ticket, entry in promised.items()
        if not (stored[ticket] and published[ticket] and mails.get(entry.number))
    )
    posts = [1000 * (e.answered_at - e.asked_at) for e in ledger.acknowledged]
    waits = [
        1000 * (min(mails[e.number]) - e.answered_at)
        for e in ledger.acknowledged
        if mails.get(e.number)
    ]
    return Result(
        tickets=len(ledger.acknowledged) + len(ledger.refused),
        acknowledged=len(promised),
        stored=_of(promised, stored),
        published=_of(promised, published),
        mails=sum(1 for e in ledger.acknowledged if mails.get(e.number)),
        lost=lost,
        duplicates=_doubled(stored) + _doubled(published) + _extra(mails),
        post_p50_ms=percentile(posts, 50),
        post_p99_ms=percentile(posts, 99),
        mail_p50_ms=percentile(waits, 50),
        mail_p99_ms=percentile(waits, 99),
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile, one decimal; 0.0 of nothing."""
    if len(values) < 2:
        return round(values[0], 1) if values else 0.0
    return round(statistics.quantiles(values, n=100, method="inclusive")[percent - 1], 1)


def _of(promised: dict[UUID, Acknowledged], found: Counter[UUID]) -> int:
    return sum(1 for ticket in promised if found[ticket])


def _doubled(found: Counter[UUID]) -> int:
    return sum(count - 1 for count in found.values() if count > 1)


def _extra(mails: Mails) -> int:
    return sum(len(times) - 1 for times in mails.values() if len(times) > 1)


async def _mails_when_quiet(
    mailbox: Mailbox, entries: list[Acknowledged], progress: Progress
) -> Mails:
    wanted = {entry.number: entry.row.recipient for entry in entries}
    seen: dict[str, dict[str, Any]] = {}
    newest, told, quiet = "", 0, 0

    async def probe() -> Mails | None:
        nonlocal newest, told, quiet
        fresh = [m for m in await mailbox.listed(**since(newest)) if m["id"] not in seen]
        seen.update({mail["id"]: mail for mail in fresh})
        newest = max([newest, *(mail["received_at"] for mail in fresh)])
        quiet = 0 if fresh else quiet + 1
        found = _acknowledgements(seen.values(), wanted)
        if len(found) - told >= max(1, len(wanted) // 10) or len(found) == len(wanted):
            told = len(found)
            progress.hop(f"  {told} of {len(wanted)} mails arrived")
        enough = AFTER_THE_LAST if len(found) == len(wanted) else QUIET
        return found if quiet > enough else None

    return await eventually("the acknowledgements to arrive", probe, seconds=900)


def since(newest: str) -> dict[str, str]:
    """The query for mails not older than the newest one seen; of its instant there may be more."""
    return {"since": newest} if newest else {}


def _acknowledgements(items: Iterable[dict[str, Any]], wanted: dict[int, str]) -> Mails:
    mails: Mails = {}
    for item in items:
        number = re.search(r"#(\d+)", str(item["subject"]))
        if number and wanted.get(int(number.group(1))) in item["to"]:
            arrived = datetime.fromisoformat(item["received_at"]).timestamp()
            mails.setdefault(int(number.group(1)), []).append(arrived)
    return mails

"""Opening many tickets at a chosen concurrency, with the client's own ledger."""

import asyncio
import re
import time
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx

from deskstream_tools.demo.http import Session
from deskstream_tools.demo.rows import Row
from deskstream_tools.demo.target import CheckFailed, Progress

TRIES = 8


@dataclass(frozen=True)
class Acknowledged:
    """What the installation promised: this ticket exists. Times in epoch seconds."""

    row: Row
    ticket_id: UUID
    number: int
    asked_at: float
    answered_at: float


@dataclass
class Ledger:
    """The client's own book: what was acknowledged, what was refused."""

    acknowledged: list[Acknowledged]
    refused: list[tuple[int, str]]


async def open_tickets(
    session: Session, rows: list[Row], concurrency: int, progress: Progress
) -> Ledger:
    """Open a ticket per row. A request whose answer is lost is sent again under the same key."""
    ledger = Ledger([], [])
    waiting = iter(rows)
    step = max(1, len(rows) // 10)

    async def worker() -> None:
        for row in waiting:
            try:
                ledger.acknowledged.append(await _open(session, row))
            except CheckFailed as failed:
                ledger.refused.append((row.number, str(failed)))
            done = len(ledger.acknowledged) + len(ledger.refused)
            if done % step == 0:
                progress.hop(f"  {done} of {len(rows)} tickets")

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return ledger


async def _open(session: Session, row: Row) -> Acknowledged:
    body = {
        "subject": row.text.strip().splitlines()[0][:120],
        "body_text": row.text,
        "requester": {"name": f"Row {row.number}", "email": row.recipient},
        "tags": tags(row.category),
    }
    key = {"Idempotency-Key": str(uuid4())}
    asked = time.time()
    for attempt in range(1, TRIES + 1):
        try:
            answer = await session.json("POST", "/api/tickets", 201, json=body, headers=key)
        except (httpx.TransportError, CheckFailed) as lost:
            retriable = isinstance(lost, httpx.TransportError) or " 503" in str(lost)
            if attempt == TRIES or not (retriable or " 429" in str(lost)):
                raise CheckFailed(str(lost)) from lost
            await asyncio.sleep(0.1 * 2**attempt)
            continue
        return Acknowledged(row, UUID(answer["id"]), answer["number"], asked, time.time())
    raise CheckFailed("no tries left")


def tags(category: str | None) -> list[str]:
    """A category as a tag: what a tag may not hold becomes a hyphen; nothing gives none."""
    slug = re.sub(r"[^a-z0-9._/-]+", "-", (category or "").lower()).strip("-")[:50]
    return [slug] if slug else []

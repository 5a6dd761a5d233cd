"""`desk demo`: play the main job, then the tickets of a file, and write what was seen."""

import asyncio
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deskstream_tools.demo.load import open_tickets
from deskstream_tools.demo.mail import Mailbox
from deskstream_tools.demo.main_job import play
from deskstream_tools.demo.oracle import last_position
from deskstream_tools.demo.reconcile import Result, reconcile
from deskstream_tools.demo.rows import Rows, own_rows, read_rows
from deskstream_tools.demo.target import CheckFailed, Progress, Target

GOOD, FAILED, BAD_ROWS = 0, 1, 2
"""Exit codes: all held; something did not; all held but some rows of the file were unusable."""


async def demo(
    target: Target,
    *,
    tickets: Path | None,
    concurrency: int,
    begun: float,
    setup_s: float,
    start_s: float,
) -> int:
    """Run it all; `begun` is when `make demo` began (epoch seconds). Writes `out/demo.json`.

    Returns an exit code. Raises BadFile before anything is done where the file is unreadable.
    """
    rows = read_rows(tickets) if tickets else own_rows()
    for number, reason in rows.bad:
        print(f"row {number} is left out: {reason}")
    progress = Progress()
    async with httpx.AsyncClient(
        timeout=30, limits=httpx.Limits(max_connections=concurrency + 8), trust_env=False
    ) as client:
        try:
            return await _steps(
                target, client, rows, concurrency, progress, (begun, setup_s, start_s)
            )
        except CheckFailed as failed:
            print(f"FAILED: {failed}")
            return FAILED


async def _steps(
    target: Target,
    client: httpx.AsyncClient,
    rows: Rows,
    concurrency: int,
    progress: Progress,
    times: tuple[float, float, float],
) -> int:
    begun, setup_s, start_s = times
    cast = await play(target, client, progress)
    mailbox = Mailbox(target, client)
    first = await _first_ticket_mail(mailbox, begun)
    progress.hop(f"now {len(rows.good)} tickets, {concurrency} at once")
    before = await last_position(target.ticketing_dsn)
    ledger = await open_tickets(cast.key, rows.good, concurrency, progress)
    for number, reason in ledger.refused[:20]:
        print(f"row {number} was refused: {reason}")
    result = await reconcile(target, mailbox, ledger, before, progress)
    whole = {
        **asdict(result),
        "setup_s": round(setup_s, 1),
        "start_s": round(start_s, 1),
        "first_mail_s": round(first - begun, 1),
    }
    await asyncio.to_thread(_write, target.out / "demo.json", whole)
    _tell(result, whole, progress)
    if result.lost or result.duplicates or ledger.refused:
        return FAILED
    return BAD_ROWS if rows.bad else GOOD


async def _first_ticket_mail(mailbox: Mailbox, begun: float) -> float:
    times = [
        datetime.fromisoformat(str(item["received_at"])).timestamp()
        for item in await mailbox.listed()
        if "#" in str(item["subject"])
    ]
    return min(time for time in times if time >= begun)


def _write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _tell(result: Result, whole: dict[str, Any], progress: Progress) -> None:
    progress.hop(
        f"acknowledged {result.acknowledged} = stored {result.stored} = published "
        f"{result.published} = mailed {result.mails}; lost {result.lost}, doubled "
        f"{result.duplicates}"
    )
    for name in ("post_p50_ms", "post_p99_ms", "mail_p50_ms", "mail_p99_ms"):
        progress.hop(f"  {name} {whole[name]}")
    progress.hop(f"{progress.held} checks held")

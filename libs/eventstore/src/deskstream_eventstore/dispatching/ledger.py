"""The rows of `side_effect` and how they move. Each function runs in the caller's transaction."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import asyncpg
from sqlalchemy import text

from deskstream_eventstore.effects import Failed, Outcome, Retry, Sent, Unknown
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Work

_TAKE = compiled(
    text(
        "with due as ("
        " select key, status = 'sending' as lost from side_effect"
        " where status in ('pending', 'sending') and next_try_at <= clock_timestamp()"
        " order by next_try_at limit :count for update skip locked)"
        " update side_effect s set status = 'sending', holder = :holder,"
        "  taken_at = clock_timestamp(),"
        "  next_try_at = clock_timestamp() + cast(:lease as interval),"
        "  attempts = s.attempts + case when due.lost then 0 else 1 end"
        " from due where s.key = due.key"
        " returning s.key, s.kind, s.payload, s.attempts, s.stream_type, s.stream_id,"
        " s.origin, due.lost"
    )
)
_BEAT = compiled(
    text(
        "update side_effect set"
        " next_try_at = next_try_at + (clock_timestamp() - taken_at), taken_at = clock_timestamp()"
        " where holder = :holder and status = 'sending'"
    )
)
_STORE = compiled(
    text(
        "update side_effect set status = :status, code = :code, result = :result,"
        " provider_id = coalesce(:provider_id, provider_id),"
        " next_try_at = clock_timestamp() + cast(:pause as interval), holder = null,"
        " settled_at = case when :status = 'pending' then null else clock_timestamp() end"
        " where key = :key and holder = :holder and status = 'sending'"
    )
)
_LATE = compiled(
    text(
        "update side_effect set result = :result, provider_id = coalesce(:provider_id, provider_id)"
        " where key = :key and status = 'held'"
    )
)


async def take(work: Work, holder: str, lease: timedelta, count: int) -> list[asyncpg.Record]:
    """Mark due rows as being sent. `lost`: someone was sending it and has stopped beating."""
    return await _TAKE.fetch(work, holder=holder, lease=lease, count=count)


async def beat(work: Work, holder: str) -> int:
    """Put off the end of our lease on all rows at hand."""
    return await _BEAT.execute(work, holder=holder)


async def store(work: Work, key: str, holder: str, outcome: Outcome, pause: timedelta) -> bool:
    """Keep the outcome; False if the row is no longer ours. Then a held row only learns what the
    provider said, for the person who decides."""
    fields = _fields(outcome)
    kept = await _STORE.execute(work, key=key, holder=holder, pause=pause, **fields)
    if kept:
        return True
    late = {"late": fields["status"], "code": fields["code"], **(fields["result"] or {})}
    await _LATE.execute(work, key=key, result=late, provider_id=fields["provider_id"])
    return False


async def hold(work: Work, key: str, holder: str, code: str, outcome: Outcome) -> None:
    """Keep the outcome without its event, for a person."""
    fields = _fields(outcome)
    fields["result"] = {"outcome": fields["status"], "code": fields["code"]} | (
        fields["result"] or {}
    )
    await _STORE.execute(
        work,
        key=key,
        holder=holder,
        pause=timedelta(0),
        **(fields | {"status": "held", "code": code}),
    )


def _fields(outcome: Outcome) -> dict[str, Any]:
    status, code, provider_id = "", None, None
    detail: Mapping[str, Any] | None = None
    match outcome:
        case Sent():
            status, provider_id, detail = "sent", outcome.provider_id, outcome.detail
        case Failed():
            status, code, detail = "failed", outcome.code, outcome.detail
        case Retry():
            status, code = "pending", outcome.code
        case Unknown():
            status, code, detail = "held", outcome.code, outcome.detail
    return {
        "status": status,
        "code": code,
        "result": dict(detail) if detail else None,
        "provider_id": provider_id,
    }

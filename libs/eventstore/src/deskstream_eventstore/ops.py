"""What an operator sees of a store: how far things are, what was set aside, what was sent.

Lists give personal data masked unless `reveal` is asked for, by someone whose role was checked.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, select

from deskstream_events import UnknownEventType, registry
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.consuming.incoming import unpacked
from deskstream_eventstore.lag import ConsumerLag, Lag, RelayLag, SetAside, lag, set_aside
from deskstream_eventstore.statements import run
from deskstream_eventstore.tables import dead_letter, operation, parked_event, side_effect
from deskstream_eventstore.work import Database

__all__ = [
    "ConsumerLag",
    "DeadLetter",
    "EffectRow",
    "Lag",
    "OperationRow",
    "ParkedEvent",
    "RelayLag",
    "SetAside",
    "dead_letters",
    "effects",
    "lag",
    "operations",
    "parked",
    "set_aside",
]

PAGE = 100
_SHOWN = frozenset({"ce_id", "ce_type", "ce_subject", "ce_sequence", "ce_position", "ce_time"})
_PLAIN = re.compile(rb"[A-Za-z0-9._:+-]{1,80}")
"""What a masked dead letter shows of its headers: ids, types, numbers and times that look so."""


@dataclass(frozen=True)
class ParkedEvent:
    """One event that waits. `error_code` is `gap`, `behind`, or what its handler failed with."""

    consumer: str
    stream_id: UUID
    version: int
    type: str
    event_id: str
    error_code: str
    attempts: int
    parked_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class DeadLetter:
    """One record that could not be read. `headers` are printable ones; `value` is None if masked
    or if the record had none."""

    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    error_code: str
    at: datetime
    replayed_at: datetime | None
    replayed_by: str | None
    headers: dict[str, str]
    size: int
    sha256: str
    value: str | None


@dataclass(frozen=True)
class EffectRow:
    """One outside effect and its result. `payload` and `result` hold no personal data."""

    key: str
    kind: str
    status: str
    code: str | None
    provider_id: str | None
    attempts: int
    payload: dict[str, Any]
    result: dict[str, Any] | None
    stream_type: str | None
    stream_id: UUID | None
    created_at: datetime
    next_try_at: datetime
    settled_at: datetime | None
    resolved_by: str | None
    reason: str | None


@dataclass(frozen=True)
class OperationRow:
    """One replay or decision: who, what, why, and how it ended."""

    id: UUID
    at: datetime
    actor: str
    action: str
    target: str
    reason: str
    outcome: str


async def parked(
    database: Database,
    *,
    consumer: str | None = None,
    stream_id: UUID | None = None,
    error_code: str | None = None,
    failed_only: bool = False,
    limit: int = PAGE,
    reveal: bool = False,
) -> list[ParkedEvent]:
    """Oldest first. `failed_only` leaves out what merely waits behind another or for a gap."""
    c = parked_event.c
    wanted = _given({c.consumer: consumer, c.stream_id: stream_id, c.error_code: error_code})
    if failed_only:
        wanted.append(c.error_code.not_in(["gap", "behind"]))
    query = (
        select(parked_event)
        .where(*wanted)
        .order_by(c.parked_at, c.consumer, c.stream_id, c.version)
        .limit(limit)
    )
    async with database.reading() as work:
        rows = await run(work, query)
    return [_parked(row, reveal) for row in rows]


async def dead_letters(
    database: Database,
    *,
    consumer: str | None = None,
    error_code: str | None = None,
    replayed: bool | None = None,
    limit: int = PAGE,
    reveal: bool = False,
) -> list[DeadLetter]:
    """Oldest first."""
    c = dead_letter.c
    wanted = _given({c.consumer: consumer, c.error_code: error_code})
    if replayed is not None:
        wanted.append(c.replayed_at.is_not(None) if replayed else c.replayed_at.is_(None))
    async with database.reading() as work:
        query = select(dead_letter).where(*wanted).order_by(c.at, c.id).limit(limit)
        rows = await run(work, query)
    return [_letter(row, reveal) for row in rows]


async def effects(
    database: Database,
    *,
    status: str | None = None,
    kind: str | None = None,
    stream_id: UUID | None = None,
    effect_id: UUID | None = None,
    limit: int = PAGE,
) -> list[EffectRow]:
    """Newest first. `effect_id`: the UUID that ends the key (`mail:<uuid>`)."""
    c = side_effect.c
    wanted = _given({c.status: status, c.kind: kind, c.stream_id: stream_id})
    if effect_id is not None:
        wanted.append(c.key.endswith(f":{effect_id}"))
    query = (
        select(*(c[name] for name in EffectRow.__dataclass_fields__))
        .where(*wanted)
        .order_by(c.created_at.desc(), c.key)
        .limit(limit)
    )
    async with database.reading() as work:
        return [EffectRow(**dict(row)) for row in await run(work, query)]


async def operations(database: Database, *, limit: int = PAGE) -> list[OperationRow]:
    """Replays and decisions, newest first."""
    query = select(operation).order_by(operation.c.at.desc()).limit(limit)
    async with database.reading() as work:
        return [OperationRow(**dict(row)) for row in await run(work, query)]


def _given(filters: dict[ColumnElement[Any], Any]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in filters.items() if value is not None]


def _parked(row: asyncpg.Record, reveal: bool) -> ParkedEvent:
    event = row["event"]
    headers = dict(unpacked(event["headers"]))
    data = event["data"]
    if not reveal:
        try:
            data = overwrite_personal(registry.find(event["type"]), data)
        except UnknownEventType:
            data = {}
    return ParkedEvent(
        row["consumer"],
        row["stream_id"],
        row["version"],
        event["type"],
        headers.get("ce_id", b"").decode(),
        row["error_code"],
        row["attempts"],
        row["parked_at"],
        data,
    )


def _letter(row: asyncpg.Record, reveal: bool) -> DeadLetter:
    value = row["value"]
    return DeadLetter(
        row["id"],
        row["consumer"],
        row["topic"],
        row["partition"],
        row["offset"],
        row["error_code"],
        row["at"],
        row["replayed_at"],
        row["replayed_by"],
        {n: _printable(v) for n, v in unpacked(row["headers"]) if reveal or _is_plain(n, v)},
        len(value or b""),
        hashlib.sha256(value or b"").hexdigest(),
        value.decode(errors="replace") if reveal and value is not None else None,
    )


def _is_plain(name: str, value: bytes) -> bool:
    return name in _SHOWN and _PLAIN.fullmatch(value) is not None


def _printable(value: bytes) -> str:
    return value.decode("ascii", errors="backslashreplace")

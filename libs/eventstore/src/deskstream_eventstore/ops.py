"""What an operator sees of a store: how far things are, what was set aside, what was sent.

Lists give personal data masked unless `reveal` is asked for, by someone whose role was checked.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, select, text

from deskstream_events import UnknownEventType, registry
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.consuming.group_lag import group_lag
from deskstream_eventstore.consuming.incoming import unpacked
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.statements import compiled, run
from deskstream_eventstore.tables import dead_letter, operation, parked_event, side_effect
from deskstream_eventstore.work import Database

PAGE = 100
_SHOWN = frozenset({"ce_id", "ce_type", "ce_subject", "ce_sequence", "ce_position", "ce_time"})
_PLAIN = re.compile(rb"[A-Za-z0-9._:+-]{1,80}")
"""What a masked dead letter shows of its headers: ids, types, numbers and times that look so."""


@dataclass(frozen=True)
class SetAside:
    """Of one consumer; ages in seconds, 0 without rows."""

    consumer: str
    parked: int = 0
    oldest_parked_seconds: float = 0.0
    dead_letters: int = 0
    oldest_dead_letter_seconds: float = 0.0


@dataclass(frozen=True)
class RelayLag:
    """Stored events that the relay has not passed yet."""

    unpublished: int
    oldest_age_seconds: float
    held: int
    """Events of streams that the broker refuses."""


@dataclass(frozen=True)
class ConsumerLag(SetAside):
    """With how many records it is behind (None: the broker does not answer, or was not asked) and
    for how long it has applied nothing (None: never yet)."""

    lag: int | None = None
    idle_seconds: float | None = None


@dataclass(frozen=True)
class Lag:
    """Of one service: what it has still to tell, and what it has still to hear."""

    relay: RelayLag
    consumers: list[ConsumerLag]


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


_PARKED_COUNTS = compiled(
    text(
        "select consumer, count(*) as n,"
        " extract(epoch from clock_timestamp() - min(parked_at)) as age"
        " from parked_event group by consumer"
    )
)
_LETTER_COUNTS = compiled(
    text(
        "select consumer, count(*) as n, extract(epoch from clock_timestamp() - min(at)) as age"
        " from dead_letter where replayed_at is null group by consumer"
    )
)
_RELAY = compiled(
    text(
        "select count(*) as n,"
        " coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0) as age,"
        " (select count(*) from relay_held) as held"
        " from events where position > (select coalesce(max(position), 0) from relay_checkpoint)"
    )
)


_IDLE = compiled(
    text(
        "select c.consumer, extract(epoch from clock_timestamp() - c.at) as age from ("
        " with recursive names as ("
        "  (select consumer from inbox order by consumer limit 1) union all"
        "  select (select i.consumer from inbox i where i.consumer > n.consumer"
        "   order by i.consumer limit 1) from names n where n.consumer is not null)"
        " select n.consumer, (select max(i.processed_at) from inbox i"
        "  where i.consumer = n.consumer) as at from names n where n.consumer is not null) c"
    )
)


async def set_aside(database: Database) -> dict[str, SetAside]:
    """By consumer name; a consumer without any has zeros."""
    async with database.reading() as work:
        parked = {r["consumer"]: r for r in await _PARKED_COUNTS.fetch(work)}
        letters = {r["consumer"]: r for r in await _LETTER_COUNTS.fetch(work)}
    counts: dict[str, SetAside] = defaultdict(lambda: SetAside(""))
    for name in sorted(parked.keys() | letters.keys()):
        p, d = parked.get(name), letters.get(name)
        counts[name] = SetAside(
            name,
            p["n"] if p else 0,
            float(p["age"]) if p else 0.0,
            d["n"] if d else 0,
            float(d["age"]) if d else 0.0,
        )
    return counts


async def lag(
    database: Database,
    kafka: KafkaSettings | None = None,
    consumers: Sequence[Consumer] = (),
) -> Lag:
    """How far the relay is behind, and each consumer: those given, and any with something set
    aside. The broker is asked only where `kafka` is given, for at most 2 s."""
    async with database.reading() as work:
        row = await _RELAY.row(work)
        idle = {r["consumer"]: float(r["age"]) for r in await _IDLE.fetch(work)}
    assert row is not None
    aside = await set_aside(database)
    behind = await group_lag(kafka, consumers) if kafka and consumers else {}
    names = sorted({consumer.name for consumer in consumers} | aside.keys())
    return Lag(
        RelayLag(row["n"], float(row["age"]), row["held"]),
        [
            ConsumerLag(
                **{**asdict(aside[name]), "consumer": name},
                lag=behind.get(name),
                idle_seconds=idle.get(name),
            )
            for name in names
        ],
    )


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
    limit: int = PAGE,
) -> list[EffectRow]:
    """Newest first."""
    c = side_effect.c
    wanted = _given({c.status: status, c.kind: kind, c.stream_id: stream_id})
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

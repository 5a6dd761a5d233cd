"""Appending: one statement for all streams of a unit of work, the last before its commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from deskstream_events import Event, Meta
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.errors import Conflict, EventTooLarge
from deskstream_eventstore.metrics import APPENDS, CONFLICTS
from deskstream_eventstore.statements import affected

LARGEST_EVENT = 900 * 1024
"""Bytes of a payload: below the broker's 1 MiB with room for headers."""
SURELY_SMALL = LARGEST_EVENT // 4
"""Characters that cannot be more bytes than that."""

_CONSTRAINT = "events_stream_id_version_key"

_INCOMING = """
with incoming as (
  select * from unnest($1::uuid[], $2::text[], $3::int[], $4::uuid[], $5::text[], $6::smallint[],
                       $7::text[], $8::text[])
    as t(stream_id, stream_type, version, event_id, type, schema_version, data, meta)
), ready as (
  select coalesce(bool_and(exists (
    select 1 from events e where e.stream_id = f.stream_id and e.version = f.version - 1
  )), true) as yes
  from (select stream_id, min(version) as version from incoming group by stream_id) f
  where f.version > 1
), added as (
  insert into events (stream_id, stream_type, version, event_id, type, schema_version, data, meta)
  select stream_id, stream_type, version, event_id, type, schema_version, data::json, meta::json
  from incoming where (select yes from ready) order by stream_id, version
  returning position, event_id
)"""
_APPEND = f"{_INCOMING} select from added"
_APPEND_ABOUT = f"""{_INCOMING}, about as (
  insert into event_subject (subject, position)
  select s.subject, a.position
  from unnest($9::uuid[], $10::text[]) as s(event_id, subject) join added a using (event_id)
)
select from added"""  # noqa: S608

_INTO = "insert into events "
_INTO += "(stream_id, stream_type, version, event_id, type, schema_version, data, meta)"
_FIRST = f"{_INTO} values ($1, $2, $3, $4, $5, $6, $7::text::json, $8::text::json)"
_NEXT = f"""{_INTO}
select $1, $2, $3, $4, $5, $6, $7::text::json, $8::text::json
where exists (select from events where stream_id = $1 and version = $3 - 1)"""  # noqa: S608
_ABOUT = """
with added as ({} returning position), about as (
  insert into event_subject (subject, position)
  select s.subject, a.position from unnest($9::text[]) as s(subject), added a
)
select from added"""
_FIRST_ABOUT, _NEXT_ABOUT = _ABOUT.format(_FIRST), _ABOUT.format(_NEXT)


@dataclass(frozen=True)
class Pending:
    """An event on its way into the store."""

    stream_id: UUID
    stream_type: str
    version: int
    event_id: UUID
    event: Event
    meta: Meta


async def insert(connection: Connection, pending: Sequence[Pending]) -> None:
    """Insert them all or none, in one statement. Raises Conflict, EventTooLarge."""
    statement, arguments = _one(pending[0]) if len(pending) == 1 else _several(pending)
    try:
        status = await connection.execute(statement, *arguments)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != _CONSTRAINT:
            raise
        raise lost("another writer appended to the stream first") from None
    except asyncpg.DeadlockDetectedError:
        raise lost("writers of several streams met") from None
    if affected(status) != len(pending):
        raise lost("the stream has not reached the expected version")
    for stream_type in {p.stream_type for p in pending}:
        APPENDS.labels(stream_type).inc(sum(p.stream_type == stream_type for p in pending))


def lost(reason: str) -> Conflict:
    """A conflict, counted."""
    CONFLICTS.inc()
    return Conflict(reason)


def _row(p: Pending, meta: str) -> tuple[Any, ...]:
    return (
        p.stream_id,
        p.stream_type,
        p.version,
        p.event_id,
        p.event.TYPE,
        p.event.VERSION,
        _payload(p.event),
        meta,
    )


def _one(p: Pending) -> tuple[str, tuple[Any, ...]]:
    """The plain forms for a single event: half the work of the arrays. A stream's first event needs
    no look at the stream: the constraint alone decides."""
    row = _row(p, _meta(p.meta))
    if p.meta.subjects:
        return _FIRST_ABOUT if p.version == 1 else _NEXT_ABOUT, (*row, p.meta.subjects)
    return _FIRST if p.version == 1 else _NEXT, row


def _several(pending: Sequence[Pending]) -> tuple[str, tuple[Any, ...]]:
    ordered = sorted(pending, key=lambda p: (p.stream_id, p.version))
    metas = {id(p.meta): _meta(p.meta) for p in {id(p.meta): p for p in ordered}.values()}
    columns = tuple(zip(*(_row(p, metas[id(p.meta)]) for p in ordered), strict=True))
    about = [(p.event_id, subject) for p in ordered for subject in p.meta.subjects]
    if not about:
        return _APPEND, columns
    return _APPEND_ABOUT, (*columns, *zip(*about, strict=True))


def _meta(meta: Meta) -> str:
    return to_json(meta.as_json()).decode()


def _payload(event: Event) -> str:
    text = event.model_dump_json()
    if len(text) > SURELY_SMALL and len(text.encode()) > LARGEST_EVENT:
        raise EventTooLarge(f"{event.TYPE} is over {LARGEST_EVENT // 1024} KiB")
    return text

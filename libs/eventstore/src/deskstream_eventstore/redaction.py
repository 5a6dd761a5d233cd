"""Erasure in place: the one exception to events being immutable (01-events §1)."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_events import Event, registry
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.command_log import forget
from deskstream_eventstore.consuming.letters import redact_letters
from deskstream_eventstore.rebuild import RebuildRuns, rebuild
from deskstream_eventstore.views import View
from deskstream_eventstore.work import Database, Origin, Work

SLICE = 500
PAUSE = 0.5
"""Seconds between two looks at a rebuild of another process."""

_ERASED = """
insert into erased as mine (subject, at) select s, $2 from unnest($1::text[]) as s
on conflict (subject) do update set at = greatest(mine.at, excluded.at)"""
_OF_PEOPLE = """
select distinct position, stream_type from events join event_subject using (position)
where subject = any($1::text[])"""
_CHOSEN = "select position, stream_type from events where event_id = any($1::uuid[])"
_TAKE = """
select position, stream_id, type, data, data::text as payload from events
where position = any($1::bigint[]) order by position for update"""
_PUT = "update events set data = $2::text::json where position = $1"
_PARKED = "select consumer, stream_id, version, event from parked_event for update"
_PUT_PARKED = """
update parked_event set event = $4 where consumer = $1 and stream_id = $2 and version = $3"""


@dataclass(frozen=True)
class Redaction:
    """How many events were overwritten, and a keyed digest of what they held before."""

    events: int
    digest: str
    parked: int = 0
    """Events of others, overwritten where they wait."""
    letters: int = 0
    """Dead letters, overwritten or, where nobody can tell whom they are about, emptied."""


async def redact(
    database: Database,
    origin: Origin,
    announce: Callable[[Work, Redaction], None],
    *,
    subjects: Sequence[str] = (),
    event_ids: Sequence[UUID] = (),
    erased_at: datetime | None = None,
    views: Sequence[View] | None = None,
) -> Redaction:
    """Overwrite the personal fields of a person's events (by hash) or of chosen ones.

    In slices of 500, each its own transaction; it may be repeated at any time, and what died
    half-way must be. Ids, versions, times, amounts and hashes stay. Kept answers of commands on
    these streams are dropped; with `erased_at` consumers redact what they get of the person from
    before. Then the views that follow are rebuilt (all of the database's; give `()` where
    `announce`'s event already tells them), and `announce` appends the event that says so.
    """
    origin = replace(origin, idempotency=None)
    if erased_at is not None:
        async with database.work(origin) as work:
            await work.connection.execute(_ERASED, list(subjects), erased_at)
    found = await _find(database, subjects, event_ids)
    positions = sorted(found)
    digest = hmac.new(database.subjects.key, digestmod=hashlib.sha256)
    changed = 0
    for start in range(0, len(positions), SLICE):
        async with database.work(origin) as work:
            changed += await _slice(work, positions[start : start + SLICE], digest)
    async with database.work(origin) as work:
        parked = await _parked(work, database.subjects.hashes, frozenset(subjects))
        letters = await redact_letters(work, database.subjects.hashes, frozenset(subjects))
    touched = set(found.values())
    for view in database.views if views is None else views:
        if view.stream_types & touched:
            await _rebuild(database, view)
    done = Redaction(changed, digest.hexdigest(), parked, letters)
    async with database.work(origin) as work:
        announce(work, done)
    return done


async def _find(
    database: Database, subjects: Sequence[str], event_ids: Sequence[UUID]
) -> dict[int, str]:
    """Stream types by position. Chosen events cost a scan: there is no index on their ids."""
    async with database.reading() as work:
        rows = await work.connection.fetch(_OF_PEOPLE, list(subjects))
        if event_ids:
            rows += await work.connection.fetch(_CHOSEN, list(event_ids))
    return {row["position"]: row["stream_type"] for row in rows}


async def _slice(work: Work, positions: list[int], digest: hmac.HMAC) -> int:
    updates = []
    streams = set()
    for row in await work.connection.fetch(_TAKE, positions):
        streams.add(row["stream_id"])
        fresh = overwrite_personal(_class_of(row["type"]), row["data"])
        if fresh != row["data"]:
            digest.update(row["payload"].encode())
            updates.append((row["position"], json.dumps(fresh, separators=(",", ":"))))
    await forget(work.connection, streams)
    await work.connection.executemany(_PUT, updates)
    return len(updates)


async def _parked(
    work: Work, hashes: Callable[[tuple[str, ...]], Iterable[str]], subjects: frozenset[str]
) -> int:
    """One that cannot be read may be about anyone; its owner's store can give it back."""
    updates = []
    for row in await work.connection.fetch(_PARKED) if subjects else ():
        parked: dict[str, Any] = row["event"]
        try:
            people = hashes(registry.read(parked["type"], parked["data"]).people())
        except (ValueError, KeyError, TypeError):
            people = subjects
        if subjects.isdisjoint(people):
            continue
        data = overwrite_personal(_class_of(parked["type"]), parked["data"])
        key = (row["consumer"], row["stream_id"], row["version"])
        updates.append((*key, {**parked, "data": data}))
    await work.connection.executemany(_PUT_PARKED, updates)
    return len(updates)


def _class_of(type_: str) -> type[Event]:
    """The class that wrote the payload, not the one that it would be read as today."""
    return registry.all().get(type_) or registry.find(type_)


async def _rebuild(database: Database, view: View) -> None:
    """Also where another rebuild runs now: it may have read what has been overwritten since."""
    while True:
        try:
            await rebuild(database, view)
        except RebuildRuns:
            await asyncio.sleep(PAUSE)
        else:
            return

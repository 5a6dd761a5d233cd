"""Erasure in place: the one exception to events being immutable (01-events §1)."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_events import registry
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.work import Database, Origin, Work

SLICE = 500

_POSITIONS = """
select position from events where event_id = any($2::uuid[])
union
select position from event_subject where subject = any($1::text[])
order by position"""
_TAKE = """
select position, type, data, data::text as payload from events
where position = any($1::bigint[]) order by position for update"""
_PUT = "update events set data = $2::text::json where position = $1"


@dataclass(frozen=True)
class Redaction:
    """How many events were overwritten, and a keyed digest of what they held before."""

    events: int
    digest: str


async def redact(
    database: Database,
    origin: Origin,
    announce: Callable[[Work, Redaction], None],
    *,
    subjects: Sequence[str] = (),
    event_ids: Sequence[UUID] = (),
) -> Redaction:
    """Overwrite the personal fields of a person's events (by hash) or of chosen ones.

    In slices of 500, each its own transaction; a repeat finds nothing left to do in what is done.
    Ids, versions, times, amounts and hashes stay. `announce` appends the event that says so.
    """
    async with database.reading() as work:
        rows = await work.connection.fetch(_POSITIONS, list(subjects), list(event_ids))
    positions = [row["position"] for row in rows]
    digest = hmac.new(database.subjects.key, digestmod=hashlib.sha256)
    changed = 0
    for start in range(0, len(positions), SLICE):
        async with database.work(origin) as work:
            changed += await _slice(work, positions[start : start + SLICE], digest)
    done = Redaction(changed, digest.hexdigest())
    async with database.work(origin) as work:
        announce(work, done)
    return done


async def _slice(work: Work, positions: list[int], digest: hmac.HMAC) -> int:
    updates = []
    for row in await work.connection.fetch(_TAKE, positions):
        fresh = overwrite_personal(registry.find(row["type"]), row["data"])
        if fresh != row["data"]:
            digest.update(row["payload"].encode())
            updates.append((row["position"], json.dumps(fresh, separators=(",", ":"))))
    await work.connection.executemany(_PUT, updates)
    return len(updates)

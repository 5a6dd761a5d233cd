"""The runtime's own rows: inbox, cursors, parked events, dead letters. One round trip each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from deskstream_eventstore.consuming.incoming import Incoming, Unreadable, park
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Work

GAP = "gap"
"""Error code of an event that waits for a missing version of its stream."""
BEHIND = "behind"
"""Error code of an event that waits behind a failed one of its stream."""

# Ordered, so that two members that hold the same records wait for each other and never deadlock.
_RECEIVE = compiled(
    text(
        "insert into inbox (consumer, event_id)"
        " select :consumer, id from unnest(cast(:ids as uuid[])) id order by id"
        " on conflict do nothing returning event_id"
    )
)
_FORGET = compiled(
    text("delete from inbox where consumer = :consumer and event_id = any(cast(:ids as uuid[]))")
)
_CURSORS = compiled(
    text(
        "select c.stream_id, c.last_version,"
        " (select min(p.version) from parked_event p"
        "   where p.consumer = c.consumer and p.stream_id = c.stream_id) as parked"
        " from stream_cursor c"
        " where c.consumer = :consumer and c.stream_id = any(cast(:streams as uuid[]))"
        " order by c.stream_id for update of c"
    )
)
_ADVANCE = compiled(
    text(
        "insert into stream_cursor as c (consumer, stream_id, last_version)"
        " select :consumer, s, v from unnest(cast(:streams as uuid[]), cast(:versions as int[]))"
        "   as t(s, v) order by s"
        " on conflict (consumer, stream_id) do update"
        " set last_version = greatest(c.last_version, excluded.last_version)"
    )
)
_PARK = compiled(
    text(
        "insert into parked_event as p"
        " (consumer, stream_id, version, event, error_code, attempts)"
        " values (:consumer, :stream_id, :version, :event, :code, :attempts)"
        " on conflict (consumer, stream_id, version) do update"
        " set error_code = excluded.error_code, attempts = p.attempts + excluded.attempts"
        " where excluded.attempts > 0"
    )
)
_UNPARK = compiled(
    text(
        "delete from parked_event using"
        " unnest(cast(:streams as uuid[]), cast(:versions as int[])) as t(s, v)"
        " where consumer = :consumer and stream_id = s and version = v"
    )
)
_NEXT_PARKED = compiled(
    text(
        "select p.event from parked_event p"
        " where p.consumer = :consumer and p.stream_id = :stream_id"
        " and p.version > coalesce((select last_version from stream_cursor c"
        "   where c.consumer = p.consumer and c.stream_id = p.stream_id), 0)"
        " order by p.version limit :count"
    )
)
_LETTER = compiled(
    text(
        "insert into dead_letter"
        ' (id, consumer, topic, partition, "offset", headers, value, digest, error_code)'
        " values (:id, :consumer, :topic, :partition, :offset, :headers, :value, :digest, :code)"
        " on conflict on constraint dead_letter_record_key do nothing"
    )
)
_ERASED = compiled(
    text("select subject, at from erased where subject = any(cast(:subjects as text[]))")
)


@dataclass(slots=True)
class Cursor:
    """How far a stream has come, and the lowest version that is parked of it."""

    last: int = 0
    parked: int | None = None

    @property
    def blocked(self) -> bool:
        """The very next version is parked: it failed, and waits for a person."""
        return self.parked == self.last + 1


@dataclass(frozen=True, slots=True)
class Parking:
    """An event to set aside, why, and how often it was tried just now (0: not at all)."""

    item: Incoming
    code: str
    attempts: int = 0


class Ledger:
    """The rows of one consumer. Every method runs in the caller's transaction."""

    def __init__(self, consumer: str) -> None:
        self._consumer = consumer

    async def receive(self, work: Work, ids: Iterable[UUID]) -> set[UUID]:
        """Claim ids in the inbox; those that were not there. Waits for another's open claim."""
        rows = await _RECEIVE.fetch(work, consumer=self._consumer, ids=list(ids))
        return {row["event_id"] for row in rows}

    async def forget(self, work: Work, ids: Sequence[UUID]) -> None:
        """Give ids back that were claimed but not applied."""
        await _FORGET.execute(work, consumer=self._consumer, ids=ids)

    async def cursors(self, work: Work, streams: Iterable[UUID]) -> dict[UUID, Cursor]:
        """Lock and read; a stream that is new has the cursor 0."""
        wanted = set(streams)
        rows = await _CURSORS.fetch(work, consumer=self._consumer, streams=list(wanted))
        known = {row["stream_id"]: Cursor(row["last_version"], row["parked"]) for row in rows}
        return {stream: known.get(stream) or Cursor() for stream in wanted}

    async def advance(self, work: Work, to: Mapping[UUID, int]) -> None:
        """Set last versions, never back. A stream with parked events needs its row as a lock."""
        if to:
            streams, versions = list(to.keys()), list(to.values())
            await _ADVANCE.execute(
                work, consumer=self._consumer, streams=streams, versions=versions
            )

    async def park(self, work: Work, parkings: Sequence[Parking]) -> None:
        """Set events aside; one that is there already only gains its attempts."""
        rows = [
            {
                "consumer": self._consumer,
                "stream_id": p.item.stream_id,
                "version": p.item.version,
                "event": park(p.item),
                "code": p.code,
                "attempts": p.attempts,
            }
            for p in parkings
        ]
        if rows:
            await _PARK.many(work, rows)

    async def unpark(self, work: Work, items: Sequence[Incoming]) -> None:
        """Remove what has been applied."""
        if items:
            await _UNPARK.execute(
                work,
                consumer=self._consumer,
                streams=[i.stream_id for i in items],
                versions=[i.version for i in items],
            )

    async def parked(self, work: Work, stream_id: UUID, count: int) -> list[dict[str, Any]]:
        """The lowest parked events of a stream, by version."""
        rows = await _NEXT_PARKED.fetch(
            work, consumer=self._consumer, stream_id=stream_id, count=count
        )
        return [row["event"] for row in rows]

    async def keep(self, work: Work, letters: Sequence[Unreadable]) -> None:
        """Dead letters, each record once."""
        if letters:
            await _LETTER.many(work, [self._letter(letter) for letter in letters])

    def _letter(self, letter: Unreadable) -> dict[str, Any]:
        return {
            "id": uuid7(),
            "consumer": self._consumer,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "headers": letter.headers,
            "value": letter.value,
            "digest": letter.digest,
            "code": letter.code,
        }

    async def erased(self, work: Work, subjects: Sequence[str]) -> dict[str, datetime]:
        """Which of these people are erased, and since when."""
        if not subjects:
            return {}
        rows = await _ERASED.fetch(work, subjects=subjects)
        return {row["subject"]: row["at"] for row in rows}

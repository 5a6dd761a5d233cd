"""The hash chain beside the audit trail: written with each event, and checked.

A link authenticates, under a key that the database does not hold, the place and the digest of its
event and the link before it: within a stream the version before, for a stream's first event the
newest link of any stream at that time (none where the trail begins). The digest leaves out personal
fields, so that erasure does not break the chain. What is cut off the very end, links included,
nothing can show.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from deskstream_events.gateway.audit import AuditRecordedV1
from deskstream_events.personal import overwrite_personal
from deskstream_eventstore import Database, Work, compiled

START = bytes(32)
BATCH = 2_000
_OF = compiled(
    text(
        "select stream_id, version, mac from audit_link"
        " where stream_id = :stream_id and version = :version"
    )
)
_NEWEST = compiled(text("select stream_id, version, mac from audit_link order by seq desc limit 1"))
_ADD = compiled(
    text(
        "insert into audit_link"
        " (stream_id, version, previous_stream, previous_version, digest, mac) values"
        " (:stream_id, :version, :previous_stream, :previous_version, :digest, :mac)"
    )
)
_LINKS = compiled(
    text(
        "select l.stream_id, l.version, l.seq, l.previous_stream, l.previous_version, l.digest,"
        " l.mac, p.mac as previous_mac, e.position, e.data,"
        " (select max(position) from events b"
        "  where b.stream_id = l.stream_id and b.version = l.version - 1) as position_before"
        " from audit_link l"
        " left join audit_link p"
        "  on p.stream_id = l.previous_stream and p.version = l.previous_version"
        " left join events e on e.stream_id = l.stream_id and e.version = l.version"
        " where l.seq > :after order by l.seq limit :count"
    )
)
_SAME = compiled(
    text("select version from audit_link where stream_id = :stream_id and digest = :digest limit 1")
)
_UNLINKED = compiled(
    text(
        "select e.stream_id, e.version from events e where e.stream_type = 'gateway.audit'"
        " and e.position > (select min(begins_after) from audit_chain)"
        " and not exists (select from audit_link l"
        "  where l.stream_id = e.stream_id and l.version = e.version)"
        " order by e.position limit :count"
    )
)
_BEFORE = compiled(
    text(
        "select count(*) from events e where e.stream_type = 'gateway.audit'"
        " and e.position <= (select min(begins_after) from audit_chain)"
    )
)

Kind = Literal["changed", "removed", "reordered", "unlinked", "link_changed", "link_removed"]


@dataclass(frozen=True)
class Break:
    """What is wrong with which event of the trail."""

    kind: Kind
    stream_id: UUID
    version: int


@dataclass(frozen=True)
class Verdict:
    """`links` were checked; `unlinked_before` events are older than the chain."""

    links: int
    unlinked_before: int
    breaks: Sequence[Break]


class Chain:
    """Under one key: the trail's."""

    def __init__(self, key: bytes) -> None:
        self._key = hmac.new(key, b"audit chain", hashlib.sha256).digest()

    async def extend(
        self, work: Work, stream_id: UUID, last: int, events: Sequence[AuditRecordedV1]
    ) -> None:
        """Links for events that follow version `last`, in the transaction that appends them."""
        previous = await _OF.row(work, stream_id=stream_id, version=last) if last else None
        previous = previous or await _NEWEST.row(work)
        stream, version = (previous["stream_id"], previous["version"]) if previous else (None, None)
        mac = bytes(previous["mac"]) if previous else START
        rows = []
        for number, event in enumerate(events, last + 1):
            digest = self._digest(event.model_dump(mode="json"))
            mac = self._mac(mac, stream_id, number, digest)
            rows.append(
                {
                    "stream_id": stream_id,
                    "version": number,
                    "previous_stream": stream,
                    "previous_version": version,
                    "digest": digest,
                    "mac": mac,
                }
            )
            stream, version = stream_id, number
        await _ADD.many(work, rows)

    async def verify(self, database: Database, *, most: int = 100) -> Verdict:
        """Every link and every event, oldest first; at most `most` breaks are named."""
        breaks: list[Break] = []
        links, after = 0, 0
        while len(breaks) < most:
            async with database.reading() as work:
                rows = await _LINKS.fetch(work, after=after, count=BATCH)
                for row in rows:
                    breaks += await self._check(work, row)
                    links += 1
            if not rows:
                break
            after = rows[-1]["seq"]
        async with database.reading() as work:
            loose = await _UNLINKED.fetch(work, count=most)
            before = await _BEFORE.value(work)
        breaks += [Break("unlinked", row["stream_id"], row["version"]) for row in loose]
        return Verdict(links, before, list(dict.fromkeys(breaks))[:most])

    async def _check(self, work: Work, row: Any) -> list[Break]:
        here = (row["stream_id"], row["version"])
        before = (row["previous_stream"], row["previous_version"])
        if before[0] is not None and row["previous_mac"] is None:
            return [Break("link_removed", *before)]
        mac = self._mac(row["previous_mac"] or START, *here, row["digest"])
        if not hmac.compare_digest(mac, row["mac"]):
            return [Break("link_changed", *here)]
        if row["position"] is None:
            return [Break("removed", *here)]
        digest = self._digest(row["data"])
        if not hmac.compare_digest(digest, row["digest"]):
            same = await _SAME.value(work, stream_id=here[0], digest=digest)
            return [Break("changed" if same is None else "reordered", *here)]
        earlier = row["position_before"]
        if earlier is not None and earlier > row["position"]:
            return [Break("reordered", *here)]
        return []

    def _digest(self, data: Mapping[str, Any]) -> bytes:
        kept = overwrite_personal(AuditRecordedV1, dict(data))
        content = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        return hmac.new(self._key, content.encode(), hashlib.sha256).digest()

    def _mac(self, previous: bytes, stream_id: UUID, version: int, digest: bytes) -> bytes:
        content = previous + stream_id.bytes + version.to_bytes(8, "big") + digest
        return hmac.new(self._key, content, hashlib.sha256).digest()

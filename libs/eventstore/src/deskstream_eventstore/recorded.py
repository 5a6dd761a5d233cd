"""An event as the store has it, and reading a stream."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from deskstream_events import Event, Meta, registry
from deskstream_eventstore.connection import Connection

COLUMNS = "position, stream_id, stream_type, version, event_id, type, data, meta, recorded_at"
_STREAM = (
    f"select {COLUMNS} from events where stream_id = $1 and version <= $2 "  # noqa: S608
    "order by version"
)
_STREAM_AS_OF = (
    f"select {COLUMNS} from events where stream_id = $1 and version <= $2 "  # noqa: S608
    "and recorded_at <= $3 order by version"
)
LAST_VERSION = 2**31 - 1


@dataclass(frozen=True)
class Recorded:
    """One stored event. Inside the unit of work that appends it `position` is 0 still."""

    position: int
    stream_id: UUID
    stream_type: str
    version: int
    event_id: UUID
    event: Event
    meta: Meta
    recorded_at: datetime

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> "Recorded":
        """From a row with COLUMNS. Raises UnknownEventType and pydantic's ValidationError."""
        return cls(
            position=row["position"],
            stream_id=UUID(bytes=row["stream_id"].bytes),
            stream_type=row["stream_type"],
            version=row["version"],
            event_id=UUID(bytes=row["event_id"].bytes),
            event=registry.read(row["type"], row["data"]),
            meta=Meta.from_json(row["meta"]),
            recorded_at=row["recorded_at"],
        )


async def load(
    connection: Connection,
    stream_id: UUID,
    *,
    to_version: int | None = None,
    as_of: datetime | None = None,
) -> list[Recorded]:
    """The events of a stream in order, up to a version or an instant of the database's clock."""
    version = LAST_VERSION if to_version is None else to_version
    if as_of is None:
        rows = await connection.fetch(_STREAM, stream_id, version)
    else:
        rows = await connection.fetch(_STREAM_AS_OF, stream_id, version, as_of)
    return [Recorded.from_row(row) for row in rows]

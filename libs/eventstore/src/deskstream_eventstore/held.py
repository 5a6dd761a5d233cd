"""Streams that wait because the broker refuses one of their records (`relay_held`).

The refused record is `too_large`, the later ones of its stream are `behind`. After the operator
has raised the broker's limit he releases the stream: its records are sent in order, with those that
came meanwhile, then forgotten here. One that is refused again holds its stream again.
"""

from uuid import UUID

import asyncpg

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.outgoing import COLUMNS, Outgoing

_HOLD = """
insert into relay_held (stream_id, position, reason) values ($1, $2, $3)
on conflict (stream_id, position) do update set reason = excluded.reason"""
_RELEASED = (
    f"select {COLUMNS} from events where position in ("  # noqa: S608
    "select position from relay_held h where not exists ("
    "select 1 from relay_held o where o.stream_id = h.stream_id and o.reason = 'too_large'"
    ")) order by position limit 100"
)
_RELEASE = "update relay_held set reason = 'released' where stream_id = $1"
_FORGET = "delete from relay_held where stream_id = $1 and position = $2"


async def hold(connection: Connection, record: Outgoing, reason: str) -> None:
    """Note a record as waiting, before the checkpoint passes it."""
    await connection.execute(_HOLD, record.stream_id, record.position, reason)


async def held_streams(connection: Connection) -> set[UUID]:
    """The streams that wait."""
    rows = await connection.fetch("select distinct stream_id from relay_held")
    return {UUID(bytes=row["stream_id"].bytes) for row in rows}


async def released(connection: Connection) -> list[asyncpg.Record]:
    """Stored events of streams without a refused record, in order: they may be sent now."""
    return await connection.fetch(_RELEASED)


async def forget(connection: Connection, record: Outgoing) -> None:
    """A held record has been sent."""
    await connection.execute(_FORGET, record.stream_id, record.position)


async def release(connection: Connection, stream_id: UUID) -> int:
    """Let a stream be tried again; how many of its records wait."""
    status = await connection.execute(_RELEASE, stream_id)
    return int(status.rsplit(" ", 1)[-1])

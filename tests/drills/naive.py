"""Relays as one might first write them: each leaves out one guard of ours, to show its use."""

import asyncio
from collections.abc import Sequence

import asyncpg

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.kafka import producer
from deskstream_eventstore.outgoing import COLUMNS, Outgoing
from deskstream_eventstore.relay import BATCH, Relay

_BEYOND = f"select {COLUMNS} from events where position > $1 order by position limit $2"
_BY_XID = f"""
select {COLUMNS}, xmin::text::bigint as xid from events
where xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
  and (xmin::text::bigint, position) > ($1, $2)
order by xid, position limit $3"""
_CHECKPOINT = """
insert into relay_checkpoint (name, position, epoch) values ('gateway', $1, 0)
on conflict (name) do update set position = excluded.position"""
_POSITION = "select position from relay_checkpoint where name = 'gateway'"


class PlainPoller(Relay):
    """`position > cursor`, no fence: skips what commits late."""

    async def read(self, connection: Connection, position: int) -> tuple[list[asyncpg.Record], int]:
        """Whatever is visible beyond the cursor."""
        rows = await connection.fetch(_BEYOND, position, BATCH)
        return rows, rows[-1]["position"] if rows else position


class GapWaiter(Relay):
    """Takes every hole for a late commit: a rolled-back position stops it for good."""

    async def read(self, connection: Connection, position: int) -> tuple[list[asyncpg.Record], int]:
        """Up to the first hole."""
        rows = await connection.fetch(_BEYOND, position, BATCH)
        whole = [row for n, row in enumerate(rows, position + 1) if row["position"] == n]
        return whole, position + len(whole)


class XidOrder(Relay):
    """By (transaction id, position) below the oldest open transaction of the whole server."""

    _cursor = (0, 0)

    async def read(self, connection: Connection, position: int) -> tuple[list[asyncpg.Record], int]:
        """The rows of transactions older than every open one."""
        rows = await connection.fetch(_BY_XID, *self._cursor, BATCH)
        if not rows:
            return [], position
        self._cursor = (rows[-1]["xid"], rows[-1]["position"])
        return rows, max(position + 1, *(row["position"] for row in rows))


class CheckpointFirst(Relay):
    """Moves the checkpoint, then sends: at most once."""

    async def _turn(self, connection: Connection, rows: Sequence[asyncpg.Record], safe: int) -> int:
        end: int = rows[-1]["position"] if len(rows) == BATCH else safe
        await self.advance(connection, end)
        if rows:
            await self._deliver(connection, rows)
        return end


class WithoutEpoch(Relay):
    """Writes the checkpoint without asking whose it is."""

    async def advance(self, connection: Connection, position: int) -> None:
        """Overwrite it."""
        await connection.execute(_CHECKPOINT, position)


class WithoutLease(WithoutEpoch):
    """Every process publishes."""

    async def _hold(self, stopping: asyncio.Event) -> None:
        async with self._database.pool.acquire() as connection:
            position = await connection.fetchval(_POSITION) or 0
            await self._publish(connection, position, stopping, asyncio.Event())


class FireAndForget(Relay):
    """Hands records to its client and does not wait for the broker."""

    _loose = None

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Into the client's buffer."""
        if self._loose is None:
            self._loose = producer(self._kafka, "fire-and-forget")
            await self._loose.start()
        for record in records:
            await self._loose.send(
                record.topic, record.value, key=record.key, headers=record.headers
            )


class Unchecked(Relay):
    """Does not compare the log's end with the store."""

    async def check(self, connection: Connection) -> int:
        """Nothing."""
        return 0

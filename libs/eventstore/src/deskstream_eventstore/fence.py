"""Up to which position a store can be read without missing a late commit.

Positions are handed out before commit, so a reader of "greater than my cursor" skips what commits
later. The fence takes the sequence's last value and waits until every transaction that was writing
to `events` at that moment has ended: all positions up to there are then committed or dead.
"""

import asyncio
import time

from deskstream_eventstore.connection import STATEMENT_SECONDS, Connection
from deskstream_eventstore.metrics import FENCE_WAIT

FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.010

_LAST = "select case when is_called then last_value else 0 end from events_position_seq"
_WRITERS = """
select virtualtransaction from pg_locks
where locktype = 'relation' and relation = 'events'::regclass and mode = 'RowExclusiveLock'
  and database = (select oid from pg_database where datname = current_database())
  and granted and pid <> pg_backend_pid()"""
_STILL = f"{_WRITERS} and virtualtransaction = any($1)"


async def last_position(connection: Connection) -> int:
    """The last position handed out; it may not be committed yet, or never be."""
    return int(await connection.fetchval(_LAST, timeout=STATEMENT_SECONDS))


async def pass_fence(connection: Connection) -> int:
    """Wait for the writers of now; the position that is safe in a snapshot taken afterwards.

    Must run outside a transaction. Waits as long as a writer does: his session's limits end him.
    """
    safe = await last_position(connection)
    await wait_for_writers(connection)
    return safe


async def wait_for_writers(connection: Connection) -> None:
    """Wait until the transactions that write to `events` now have ended."""
    writers = [row[0] for row in await connection.fetch(_WRITERS, timeout=STATEMENT_SECONDS)]
    began = time.monotonic()
    pause = FIRST_PAUSE
    while writers:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)
        rows = await connection.fetch(_STILL, writers, timeout=STATEMENT_SECONDS)
        writers = [row[0] for row in rows]
        FENCE_WAIT.set(time.monotonic() - began)
    FENCE_WAIT.set(0)

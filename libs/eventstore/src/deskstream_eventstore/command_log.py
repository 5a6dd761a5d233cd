"""Idempotent commands: a key is claimed in the transaction of its effect (ADR 4)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.errors import AlreadyDone, AnswerNotKept, InFlight, KeyReused

WAIT_FOR_OTHER = "500ms"
"""How long a repeat waits for the first try before it is told that it is in flight."""

# One round trip: the timeout holds for this statement's own wait, and is taken back with the row.
_CLAIM = """
with patience as materialized (select set_config('lock_timeout', $6, true))
insert into command_log (principal, method, path, idempotency_key, fingerprint)
select $1, $2, $3, $4, $5 from patience
on conflict (principal, method, path, idempotency_key) do update
  set fingerprint = excluded.fingerprint, response = null, streams = '{}',
      created_at = clock_timestamp()
  where command_log.created_at < clock_timestamp() - interval '24 hours'
returning set_config('lock_timeout', '0', true)"""
_FIND = """
select fingerprint, response from command_log
where principal = $1 and method = $2 and path = $3 and idempotency_key = $4"""
_KEEP = """
update command_log set response = $5, streams = $6
where principal = $1 and method = $2 and path = $3 and idempotency_key = $4"""
_FORGET = "update command_log set response = null where streams && $1::uuid[]"
_PRUNE = "delete from command_log where created_at < clock_timestamp() - interval '24 hours'"


@dataclass(frozen=True)
class Idempotency:
    """A client's key, with the principal and route that it belongs to and the request's hash."""

    principal: str
    method: str
    path: str
    key: str
    fingerprint: str

    @property
    def primary(self) -> tuple[str, str, str, str]:
        """The row's key: another's key, or another route's, is another one."""
        return self.principal, self.method, self.path, self.key


async def claim(connection: Connection, key: Idempotency) -> None:
    """Make the key ours. Raises AlreadyDone, AnswerNotKept, KeyReused, InFlight."""
    try:
        claimed = await connection.fetchval(_CLAIM, *key.primary, key.fingerprint, WAIT_FOR_OTHER)
    except asyncpg.LockNotAvailableError:
        raise InFlight("the same key is being worked on") from None
    if claimed is not None:
        return
    row = await connection.fetchrow(_FIND, *key.primary)
    if row is None:
        raise InFlight("the same key has just been worked on")
    if row["fingerprint"] != key.fingerprint:
        raise KeyReused("the key was used for another request")
    if row["response"] is None:
        raise AnswerNotKept("the answer is not kept: it showed a secret, or was redacted")
    raise AlreadyDone(row["response"]["result"])


async def keep(
    connection: Connection, key: Idempotency, result: Any, streams: Collection[UUID]
) -> None:
    """Store the result (JSON values) for repeats within 24 hours, and the streams it tells of."""
    await connection.execute(_KEEP, *key.primary, {"result": result}, list(streams))


async def forget(connection: Connection, streams: Collection[UUID]) -> None:
    """Drop the results that tell of these streams: a repeat gets AnswerNotKept."""
    await connection.execute(_FORGET, list(streams))


async def prune(connection: Connection) -> int:
    """Forget keys older than 24 hours; how many."""
    status = await connection.execute(_PRUNE)
    return int(status.rsplit(" ", 1)[-1])

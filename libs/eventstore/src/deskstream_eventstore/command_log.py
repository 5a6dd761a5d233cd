"""Idempotent commands: a key is claimed in the transaction of its effect (ADR 4)."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from deskstream_eventstore.connection import Connection
from deskstream_eventstore.errors import AlreadyDone, AnswerNotKept, InFlight, KeyReused

WAIT_FOR_OTHER = "500ms"
"""How long a repeat waits for the first try before it is told that it is in flight."""

_LOCK_TIMEOUT = "select set_config('lock_timeout', $1, true)"
_CLAIM = """
insert into command_log (principal, method, path, idempotency_key, fingerprint)
values ($1, $2, $3, $4, $5)
on conflict (principal, method, path, idempotency_key) do update
  set fingerprint = excluded.fingerprint, response = null, created_at = clock_timestamp()
  where command_log.created_at < clock_timestamp() - interval '24 hours'
returning 1"""
_FIND = """
select fingerprint, response from command_log
where principal = $1 and method = $2 and path = $3 and idempotency_key = $4"""
_KEEP = """
update command_log set response = $5
where principal = $1 and method = $2 and path = $3 and idempotency_key = $4"""
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
    await connection.execute(_LOCK_TIMEOUT, WAIT_FOR_OTHER)
    try:
        claimed = await connection.fetchval(_CLAIM, *key.primary, key.fingerprint)
    except asyncpg.LockNotAvailableError:
        raise InFlight("the same key is being worked on") from None
    if claimed:
        await connection.execute(_LOCK_TIMEOUT, "0")
        return
    row = await connection.fetchrow(_FIND, *key.primary)
    if row is None:
        raise InFlight("the same key has just been worked on")
    if row["fingerprint"] != key.fingerprint:
        raise KeyReused("the key was used for another request")
    if row["response"] is None:
        raise AnswerNotKept("the answer showed a secret and is not repeated")
    raise AlreadyDone(row["response"]["result"])


async def keep(connection: Connection, key: Idempotency, result: Any) -> None:
    """Store the result (JSON values) for repeats within 24 hours."""
    await connection.execute(_KEEP, *key.primary, {"result": result})


async def prune(connection: Connection) -> int:
    """Forget keys older than 24 hours; how many."""
    status = await connection.execute(_PRUNE)
    return int(status.rsplit(" ", 1)[-1])

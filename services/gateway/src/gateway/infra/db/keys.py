"""API keys: written by the use cases, looked up by the gate."""

import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work, compiled
from gateway.application.ports import KeyFacts
from gateway.domain.api_key import ApiKey, parse, secret_hash
from gateway.infra.db.outage import or_down
from gateway.infra.db.tables import api_key

_ADD_KEY = compiled(
    insert(api_key).values(
        key_id=bindparam("key_id"),
        secret_hash=bindparam("secret_hash"),
        name=bindparam("name"),
        scopes=bindparam("scopes"),
        rate_per_minute=bindparam("rate_per_minute"),
        created_by=bindparam("created_by"),
        created_at=bindparam("created_at"),
        expires_at=bindparam("expires_at"),
    )
)
_REVOKE = compiled(
    update(api_key)
    .where(api_key.c.key_id == bindparam("id"), api_key.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("revoked_at"))
)
_ROTATE = compiled(
    update(api_key)
    .where(api_key.c.key_id == bindparam("id"))
    .values(
        previous_hash=api_key.c.secret_hash,
        previous_until=bindparam("until"),
        secret_hash=bindparam("new_hash"),
    )
)
_HOLD_KEY = compiled(
    select(api_key).where(api_key.c.key_id == bindparam("key_id")).with_for_update()
)
_FIND_KEY = compiled(select(api_key).where(api_key.c.key_id == bindparam("key_id")))


class DbApiKeys:
    """See ports.ApiKeys."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        """One row."""
        await _ADD_KEY.execute(
            self._work,
            key_id=key.key_id,
            secret_hash=secret_hash,
            name=key.name,
            scopes=list(key.scopes),
            rate_per_minute=key.rate_per_minute,
            created_by=key.created_by,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )

    async def hold(self, key_id: str) -> ApiKey | None:
        """Locks the row."""
        row = await _HOLD_KEY.row(self._work, key_id=key_id)
        return None if row is None else key_of(row)

    async def rotate(self, key_id: str, secret_hash: bytes, previous_until: datetime) -> None:
        """One row."""
        await _ROTATE.execute(self._work, id=key_id, new_hash=secret_hash, until=previous_until)

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """Whether there was one to revoke."""
        return await _REVOKE.execute(self._work, id=key_id, revoked_at=at) == 1


class DbKeys:
    """See ports.Keys. The checksum is looked at first, so noise never reaches the database."""

    def __init__(self, database: Database, clock: Clock, pepper: bytes) -> None:
        self._database, self._clock, self._pepper = database, clock, pepper

    async def find(self, presented: str) -> KeyFacts | None:
        """See ports."""
        parts = parse(presented)
        if parts is None:
            return None
        key_id, secret = parts
        async with or_down(), self._database.reading() as work:
            row = await _FIND_KEY.row(work, key_id=key_id)
        presented_hash = secret_hash(self._pepper, key_id, secret)
        stored, before = (
            (b"", b"") if row is None else (row["secret_hash"], row["previous_hash"] or b"")
        )
        right = hmac.compare_digest(stored, presented_hash)
        right_before = hmac.compare_digest(before, presented_hash)
        if row is None:
            return None
        key, now = key_of(row), self._clock.now()
        still = key.previous_until is not None and now < key.previous_until
        if not key.usable(now) or not (right or (right_before and still)):
            return None
        return KeyFacts(
            key.key_id, key.name, frozenset(key.scopes), key.rate_per_minute, key.expires_at
        )


def key_of(row: Any) -> ApiKey:
    """A key from its row."""
    return ApiKey(
        key_id=row["key_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        rate_per_minute=row["rate_per_minute"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
        previous_until=row["previous_until"],
    )

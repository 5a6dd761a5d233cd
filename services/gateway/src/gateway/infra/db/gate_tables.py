"""Sessions and keys: written by the use cases, looked up by the gate."""

import hmac
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from deskstream_chassis.clock import Clock
from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_eventstore import Database, Work, compiled
from gateway.application.ports import KeyFacts, SessionFacts, StoreDown
from gateway.domain.api_key import ApiKey, parse, secret_hash
from gateway.domain.session import TOUCH_EVERY, Session, csrf_token, token_hash
from gateway.infra.db.tables import api_key, session, user_view

_OPEN = compiled(
    insert(session).values(
        session_id=bindparam("session_id"),
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        created_at=bindparam("created_at"),
        last_seen_at=bindparam("last_seen_at"),
        expires_at=bindparam("expires_at"),
        device=bindparam("device"),
    )
)
_END = compiled(
    update(session)
    .where(session.c.session_id == bindparam("id"), session.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended_at"))
)
_END_OWN = compiled(
    update(session)
    .where(
        session.c.session_id == bindparam("id"),
        session.c.user_id == bindparam("owner"),
        session.c.ended_at.is_(None),
    )
    .values(ended_at=bindparam("ended_at"))
)
_END_ALL = compiled(
    update(session)
    .where(
        session.c.user_id == bindparam("owner"),
        session.c.ended_at.is_(None),
        session.c.session_id.is_distinct_from(bindparam("but")),
    )
    .values(ended_at=bindparam("ended_at"))
)
_FIND = compiled(
    select(
        session.c.session_id,
        session.c.user_id,
        session.c.created_at,
        session.c.last_seen_at,
        session.c.ended_at,
        user_view.c.name,
        user_view.c.role,
        user_view.c.teams,
        user_view.c.version,
        user_view.c.status,
    )
    .join_from(session, user_view, session.c.user_id == user_view.c.user_id)
    .where(session.c.token_hash == bindparam("token_hash"))
)
_TOUCH = compiled(
    update(session)
    .where(session.c.session_id == bindparam("id"), session.c.ended_at.is_(None))
    .values(last_seen_at=func.greatest(session.c.last_seen_at, bindparam("at")))
)
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
_REMEMBERED = 10_000


class DbOpenSessions:
    """See ports.OpenSessions."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def open(self, session: Session, token_hash: bytes) -> None:
        """One row."""
        await _OPEN.execute(
            self._work,
            session_id=session.session_id,
            token_hash=token_hash,
            user_id=session.user_id,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            device=session.device,
        )

    async def end(self, session_id: UUID, at: datetime) -> None:
        """If it is open."""
        await _END.execute(self._work, id=session_id, ended_at=at)

    async def end_own(self, user_id: UUID, session_id: UUID, at: datetime) -> bool:
        """Whether there was one to end."""
        done = await _END_OWN.execute(self._work, id=session_id, owner=user_id, ended_at=at)
        return done == 1

    async def end_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        """How many were open."""
        return await _END_ALL.execute(self._work, owner=user_id, but=but, ended_at=at)


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


class DbSessions:
    """See ports.Sessions. One look-up is one indexed join."""

    def __init__(self, database: Database, clock: Clock, pepper: bytes) -> None:
        self._database, self._clock, self._pepper = database, clock, pepper
        self._touched: OrderedDict[UUID, datetime] = OrderedDict()

    async def find(self, token: str) -> SessionFacts | None:
        """See ports."""
        async with _or_down(), self._database.reading() as work:
            row = await _FIND.row(work, token_hash=token_hash(token))
        if row is None:
            return None
        found = Session(
            row["session_id"],
            row["user_id"],
            row["created_at"],
            row["last_seen_at"],
            row["ended_at"],
        )
        if row["role"] is None or not found.alive(self._clock.now()):
            return None
        return SessionFacts(
            session_id=found.session_id,
            user_id=found.user_id,
            name=row["name"],
            role=row["role"],
            teams=tuple(row["teams"]),
            csrf_token=csrf_token(self._pepper, token),
            role_version=row["version"],
            created_at=found.created_at,
            last_seen_at=found.last_seen_at,
            expires_at=found.expires_at,
            active=row["status"] == "active",
        )

    async def touch(self, session_id: UUID) -> None:
        """See ports. This process remembers when it wrote last."""
        now = self._clock.now()
        last = self._touched.get(session_id)
        if last is not None and now - last < TOUCH_EVERY:
            return
        self._touched[session_id] = now
        self._touched.move_to_end(session_id)
        if len(self._touched) > _REMEMBERED:
            self._touched.popitem(last=False)
        try:
            async with _or_down(), self._database.work() as work:
                await _TOUCH.execute(work, id=session_id, at=now)
        except StoreDown:
            self._touched.pop(session_id, None)
            raise


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
        async with _or_down(), self._database.reading() as work:
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


@asynccontextmanager
async def _or_down() -> AsyncIterator[None]:
    try:
        yield
    except STORE_DOWN as error:
        raise StoreDown("sessions and keys cannot be looked up") from error

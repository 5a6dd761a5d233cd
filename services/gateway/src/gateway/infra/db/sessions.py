"""Sessions: written by the use cases, looked up by the gate."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work, compiled
from gateway.application.ports import SessionFacts, StoreDown
from gateway.domain.factor import factor_due
from gateway.domain.session import (
    ROTATION_GRACE,
    TOUCH_EVERY,
    Session,
    csrf_token,
    token_hash,
)
from gateway.infra.db.outage import or_down
from gateway.infra.db.pending import DbPendingSignIns
from gateway.infra.db.tables import session, user_view

_OPEN = compiled(
    insert(session).values(
        session_id=bindparam("session_id"),
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        created_at=bindparam("created_at"),
        last_seen_at=bindparam("last_seen_at"),
        expires_at=bindparam("expires_at"),
        device=bindparam("device"),
        proven_at=bindparam("proven_at"),
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
_LOOK_UP = select(
    session.c.session_id,
    session.c.user_id,
    session.c.created_at,
    session.c.last_seen_at,
    session.c.ended_at,
    session.c.proven_at,
    session.c.rotate_due,
    user_view.c.name,
    user_view.c.role,
    user_view.c.teams,
    user_view.c.factor,
    user_view.c.version,
    user_view.c.status,
).join_from(session, user_view, session.c.user_id == user_view.c.user_id)
_FIND = compiled(_LOOK_UP.where(session.c.token_hash == bindparam("token_hash")))
_FIND_REPLACED = compiled(
    _LOOK_UP.where(
        session.c.previous_hash == bindparam("token_hash"),
        session.c.previous_until > bindparam("now"),
    )
)
_BY_ID = compiled(_LOOK_UP.where(session.c.session_id == bindparam("session_id")))
_HOLD = compiled(
    select(
        session.c.session_id,
        session.c.user_id,
        session.c.created_at,
        session.c.last_seen_at,
        session.c.ended_at,
        session.c.device,
        session.c.proven_at,
    )
    .where(session.c.session_id == bindparam("id"))
    .with_for_update()
)
_LIVING = compiled(
    _LOOK_UP.where(
        session.c.session_id == any_(bindparam("ids", type_=ARRAY(session.c.session_id.type))),
        session.c.ended_at.is_(None),
    )
)
_ROTATE_TOKEN = compiled(
    update(session)
    .where(session.c.session_id == bindparam("id"), session.c.ended_at.is_(None))
    .values(
        previous_hash=session.c.token_hash,
        previous_until=bindparam("until"),
        token_hash=bindparam("new_hash"),
        rotate_due=False,
    )
)
_ROTATE_DUE = compiled(
    update(session)
    .where(
        session.c.token_hash == bindparam("old_hash"),
        session.c.rotate_due,
        session.c.ended_at.is_(None),
    )
    .values(
        previous_hash=session.c.token_hash,
        previous_until=bindparam("until"),
        token_hash=bindparam("new_hash"),
        rotate_due=False,
    )
)
_ROTATE_LATER = compiled(
    update(session)
    .where(session.c.user_id == bindparam("owner"), session.c.ended_at.is_(None))
    .values(rotate_due=True)
)
_PROVE = compiled(
    update(session)
    .where(session.c.session_id == bindparam("id"), session.c.ended_at.is_(None))
    .values(proven_at=bindparam("at"))
)
_TOUCH = compiled(
    update(session)
    .where(session.c.session_id == bindparam("id"), session.c.ended_at.is_(None))
    .values(last_seen_at=func.greatest(session.c.last_seen_at, bindparam("at")))
)
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
            proven_at=session.proven_at,
        )

    async def hold(self, session_id: UUID) -> Session | None:
        """Locks the row."""
        row = await _HOLD.row(self._work, id=session_id)
        return None if row is None else Session(**dict(row))

    async def rotate(self, session_id: UUID, token_hash: bytes, previous_until: datetime) -> None:
        """One row."""
        await _ROTATE_TOKEN.execute(
            self._work, id=session_id, new_hash=token_hash, until=previous_until
        )

    async def rotate_later(self, user_id: UUID) -> None:
        """A mark in each open one."""
        await _ROTATE_LATER.execute(self._work, owner=user_id)

    async def prove(self, session_id: UUID, at: datetime) -> None:
        """One row."""
        await _PROVE.execute(self._work, id=session_id, at=at)

    async def end(self, session_id: UUID, at: datetime) -> None:
        """If it is open."""
        await _END.execute(self._work, id=session_id, ended_at=at)

    async def end_own(self, user_id: UUID, session_id: UUID, at: datetime) -> bool:
        """Whether there was one to end."""
        done = await _END_OWN.execute(self._work, id=session_id, owner=user_id, ended_at=at)
        return done == 1

    async def end_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        """How many were open."""
        await DbPendingSignIns(self._work).void(user_id)
        return await _END_ALL.execute(self._work, owner=user_id, but=but, ended_at=at)


class DbSessions:
    """See ports.Sessions. One look-up is one indexed join; a second one for a token that is not the
    current one of any session."""

    def __init__(
        self, database: Database, clock: Clock, pepper: bytes, *, factor_mandatory: bool
    ) -> None:
        self._database, self._clock, self._pepper = database, clock, pepper
        self._factor_mandatory = factor_mandatory
        self._touched: OrderedDict[UUID, datetime] = OrderedDict()

    async def find(self, token: str) -> SessionFacts | None:
        """See ports."""
        async with or_down(), self._database.reading() as work:
            hashed, now = token_hash(token), self._clock.now()
            row = await _FIND.row(work, token_hash=hashed)
            current = row is not None
            if row is None:
                row = await _FIND_REPLACED.row(work, token_hash=hashed, now=now)
        return self._facts(row, now, rotate=current and row is not None and row["rotate_due"])

    async def by_id(self, session_id: UUID) -> SessionFacts | None:
        """See ports."""
        async with or_down(), self._database.reading() as work:
            row = await _BY_ID.row(work, session_id=session_id)
        return self._facts(row, self._clock.now(), rotate=False)

    async def living(self, session_ids: Collection[UUID]) -> Mapping[UUID, SessionFacts]:
        """See ports."""
        now = self._clock.now()
        async with or_down(), self._database.reading() as work:
            rows = await _LIVING.fetch(work, ids=list(session_ids))
        found = (self._facts(row, now, rotate=False) for row in rows)
        return {facts.session_id: facts for facts in found if facts is not None}

    def _facts(self, row: Any, now: datetime, *, rotate: bool) -> SessionFacts | None:
        if row is None:
            return None
        found = Session(
            row["session_id"],
            row["user_id"],
            row["created_at"],
            row["last_seen_at"],
            row["ended_at"],
        )
        if row["role"] is None or not found.alive(now):
            return None
        return SessionFacts(
            session_id=found.session_id,
            user_id=found.user_id,
            name=row["name"],
            role=row["role"],
            teams=tuple(row["teams"]),
            csrf_token=csrf_token(self._pepper, found.session_id),
            role_version=row["version"],
            created_at=found.created_at,
            last_seen_at=found.last_seen_at,
            expires_at=found.expires_at,
            active=row["status"] == "active",
            proven_at=row["proven_at"],
            rotate=rotate,
            factor_due=self._factor_mandatory and factor_due(row["role"], has_factor=row["factor"]),
        )

    async def rotate(self, token: str, new_token: str) -> bool:
        """See ports. One row that only one request can change."""
        until = self._clock.now() + ROTATION_GRACE
        async with or_down(), self._database.work() as work:
            done = await _ROTATE_DUE.execute(
                work, old_hash=token_hash(token), new_hash=token_hash(new_token), until=until
            )
        return done == 1

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
            async with or_down(), self._database.work() as work:
                await _TOUCH.execute(work, id=session_id, at=now)
        except StoreDown:
            self._touched.pop(session_id, None)
            raise

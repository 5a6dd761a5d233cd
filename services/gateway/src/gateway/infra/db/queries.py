"""Lists, from the views."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    Text,
    Uuid,
    bindparam,
    cast,
    literal_column,
    or_,
    select,
)

from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_eventstore import Database, compiled, store_metadata
from gateway.application.ports import TeamRow, TrailRow, UserRow
from gateway.domain.api_key import ApiKey
from gateway.domain.errors import NotFound
from gateway.domain.session import Session
from gateway.domain.user import Status
from gateway.infra.db.keys import key_of
from gateway.infra.db.tables import api_key, session, team_view, user_view

_STATUS = bindparam("status", type_=Text())
_AFTER = bindparam("after", type_=Uuid())
_USERS = compiled(
    select(user_view)
    .where(
        or_(_STATUS.is_(None), user_view.c.status == _STATUS),
        or_(_AFTER.is_(None), user_view.c.user_id > _AFTER),
    )
    .order_by(user_view.c.user_id)
    .limit(bindparam("count"))
)
_USER = compiled(select(user_view).where(user_view.c.user_id == bindparam("user_id")))
_TEAMS = compiled(select(team_view).order_by(team_view.c.team_id))
_KEYS = compiled(select(api_key).order_by(api_key.c.created_at, api_key.c.key_id))

_SESSIONS = compiled(
    select(session)
    .where(session.c.user_id == bindparam("user_id"), session.c.ended_at.is_(None))
    .order_by(session.c.session_id)
)

_events = store_metadata.tables["events"]
_ACTION = bindparam("action", type_=Text())
_PRINCIPAL = bindparam("principal", type_=Text())
_SINCE = bindparam("since", type_=DateTime(timezone=True))
_BEFORE = bindparam("before", type_=BigInteger())
_TRAIL = compiled(
    select(_events.c.position, _events.c.data)
    .where(
        _events.c.stream_type == literal_column("'gateway.audit'"),
        or_(_ACTION.is_(None), _events.c.data.op("->>")("action") == _ACTION),
        or_(_PRINCIPAL.is_(None), _events.c.data.op("->>")("principal") == _PRINCIPAL),
        or_(
            _SINCE.is_(None),
            cast(_events.c.data.op("->>")("at"), DateTime(timezone=True)) >= _SINCE,
        ),
        or_(_BEFORE.is_(None), _events.c.position < _BEFORE),
    )
    .order_by(_events.c.position.desc())
    .limit(bindparam("count"))
)
"""The stream type is written out: so the partial index `audit_recent` serves it."""


class DbQueries:
    """See ports.Queries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def users(
        self, *, status: Status | None, after: UUID | None, limit: int
    ) -> Sequence[UserRow]:
        """See ports."""
        async with self._database.reading() as work:
            rows = await _USERS.fetch(work, status=status, after=after, count=limit)
        return [_user(row) for row in rows]

    async def user(self, user_id: UUID) -> UserRow:
        """See ports."""
        async with self._database.reading() as work:
            row = await _USER.row(work, user_id=user_id)
        if row is None:
            raise NotFound("no such user")
        return _user(row)

    async def teams(self) -> Sequence[TeamRow]:
        """See ports."""
        async with self._database.reading() as work:
            rows = await _TEAMS.fetch(work)
        return [TeamRow(row["team_id"], row["title"], row["restricted"]) for row in rows]

    async def keys(self) -> Sequence[ApiKey]:
        """See ports."""
        async with self._database.reading() as work:
            rows = await _KEYS.fetch(work)
        return [key_of(row) for row in rows]

    async def audit_trail(
        self,
        *,
        action: Action | None,
        principal: str | None,
        since: datetime | None,
        before: int | None,
        limit: int,
    ) -> Sequence[TrailRow]:
        """See ports."""
        async with self._database.reading() as work:
            rows = await _TRAIL.fetch(
                work, action=action, principal=principal, since=since, before=before, count=limit
            )
        return [TrailRow(row["position"], AuditRecordedV1.read(row["data"])) for row in rows]

    async def open_sessions(self, user_id: UUID) -> Sequence[Session]:
        """See ports."""
        async with self._database.reading() as work:
            rows = await _SESSIONS.fetch(work, user_id=user_id)
        return [
            Session(
                session_id=row["session_id"],
                user_id=row["user_id"],
                created_at=row["created_at"],
                last_seen_at=row["last_seen_at"],
                device=row["device"],
            )
            for row in rows
        ]


def _user(row: Any) -> UserRow:
    return UserRow(
        user_id=row["user_id"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        status=row["status"],
        teams=tuple(row["teams"]),
        registered_at=row["registered_at"],
        has_factor=row["factor"],
    )

"""The ports in memory."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from deskstream_chassis.clock import Clock
from deskstream_events.event import Event
from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_eventstore import Origin
from gateway.application.app import Peppers
from gateway.application.ports import (
    KeyFacts,
    Outcome,
    SessionFacts,
    StoreDown,
    TeamRow,
    TrailRow,
    UserRow,
)
from gateway.application.store import GatewayWork
from gateway.domain.api_key import ApiKey, parse, secret_hash
from gateway.domain.errors import NotFound
from gateway.domain.factor import factor_due
from gateway.domain.session import (
    ROTATION_GRACE,
    TOUCH_EVERY,
    Session,
    csrf_token,
    token_hash,
)
from gateway.domain.user import Status
from gateway.infra.memory.state import State, row_of
from gateway.infra.memory.work import MemoryWork


class FakeGateway:
    """Store, Queries, Sessions, Keys and Audit in memory, one transaction at a time.

    `down = True` makes every look-up of the gate raise StoreDown; `factor_mandatory = True` is
    what production says.
    """

    def __init__(self, clock: Clock, peppers: Peppers) -> None:
        self._clock, self._peppers = clock, peppers
        self._state = State()
        self._turn = asyncio.Lock()
        self.noted: list[dict[str, str | None]] = []
        self.down = False
        self.factor_mandatory = False

    @property
    def trail(self) -> Sequence[AuditRecordedV1]:
        """What was put on the trail, oldest first."""
        return self._state.trail

    def stream(self, stream_id: UUID) -> Sequence[Event]:
        """The events of one account or team."""
        return self._state.streams.get(stream_id, ())

    @asynccontextmanager
    async def work(self, origin: Origin) -> AsyncIterator[GatewayWork]:
        """See ports.Store."""
        async with self._turn:
            state = self._state.copied()
            work = MemoryWork(state, origin)
            yield work
            work.finish()
            self._state = state

    async def users(
        self, *, status: Status | None, after: UUID | None, limit: int
    ) -> Sequence[UserRow]:
        """See ports.Queries."""
        rows = [row_of(user) for user in self._state.users()]
        return [
            row
            for row in rows
            if status in (None, row.status) and (after is None or row.user_id > after)
        ][:limit]

    async def audit_trail(
        self,
        *,
        action: Action | None,
        principal: str | None,
        since: datetime | None,
        before: int | None,
        limit: int,
    ) -> Sequence[TrailRow]:
        """See ports.Queries."""
        rows = [TrailRow(number, event) for number, event in enumerate(self._state.trail, 1)]
        return [
            row
            for row in reversed(rows)
            if action in (None, row.event.action)
            and principal in (None, row.event.principal)
            and (since is None or row.event.at >= since)
            and (before is None or row.position < before)
        ][:limit]

    async def user(self, user_id: UUID) -> UserRow:
        """See ports.Queries."""
        if user_id not in self._state.emails.values():
            raise NotFound("no such user")
        return row_of(self._state.user(user_id))

    async def teams(self) -> Sequence[TeamRow]:
        """See ports.Queries."""
        return [TeamRow(t.team_id, t.title, t.restricted) for t in self._state.teams()]

    async def keys(self) -> Sequence[ApiKey]:
        """See ports.Queries."""
        found = [key for key, _ in self._state.keys.values()]
        return sorted(found, key=lambda key: (key.created_at, key.key_id))

    async def open_sessions(self, user_id: UUID) -> Sequence[Session]:
        """See ports.Queries."""
        own = [s for s in self._state.sessions.values() if s.user_id == user_id]
        return sorted((s for s in own if s.ended_at is None), key=lambda s: s.session_id)

    async def find(self, token: str) -> SessionFacts | None:
        """See ports.Sessions."""
        self._answer()
        hashed = token_hash(token)
        session = self._state.session(hashed, self._clock.now())
        due = session is not None and session.session_id in self._state.rotate_due
        return self._facts(session, rotate=due and hashed in self._state.sessions)

    async def by_id(self, session_id: UUID) -> SessionFacts | None:
        """See ports.Sessions."""
        self._answer()
        found = (s for s in self._state.sessions.values() if s.session_id == session_id)
        return self._facts(next(found, None), rotate=False)

    async def living(self, session_ids: Collection[UUID]) -> Mapping[UUID, SessionFacts]:
        """See ports.Sessions."""
        self._answer()
        wanted = [s for s in self._state.sessions.values() if s.session_id in session_ids]
        found = (
            self._facts(session, rotate=False) for session in wanted if session.ended_at is None
        )
        return {facts.session_id: facts for facts in found if facts is not None}

    def _facts(self, session: Session | None, *, rotate: bool) -> SessionFacts | None:
        if session is None or not session.alive(self._clock.now()):
            return None
        user = self._state.user(session.user_id)
        if user.role is None:
            return None
        return SessionFacts(
            session_id=session.session_id,
            user_id=user.user_id,
            name=user.name,
            role=user.role,
            teams=user.teams,
            csrf_token=csrf_token(self._peppers.session, session.session_id),
            role_version=user.version,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            active=user.status == "active",
            proven_at=session.proven_at,
            rotate=rotate,
            factor_due=self.factor_mandatory and factor_due(user.role, has_factor=user.has_factor),
        )

    async def rotate(self, token: str, new_token: str) -> bool:
        """See ports.Sessions."""
        self._answer()
        session = self._state.sessions.get(token_hash(token))
        if session is None or session.session_id not in self._state.rotate_due or session.ended_at:
            return False
        until = self._clock.now() + ROTATION_GRACE
        self._state.rotate(session.session_id, token_hash(new_token), until)
        return True

    async def touch(self, session_id: UUID) -> None:
        """See ports.Sessions."""
        self._answer()
        now = self._clock.now()
        for key, session in self._state.sessions.items():
            due = now - session.last_seen_at >= TOUCH_EVERY
            if session.session_id == session_id and session.ended_at is None and due:
                self._state.sessions[key] = replace(session, last_seen_at=now)

    async def find_key(self, presented: str) -> KeyFacts | None:
        """See ports.Keys.find."""
        self._answer()
        parts = parse(presented)
        key, kept = self._state.keys.get(parts[0], (None, b"")) if parts else (None, b"")
        if parts is None or key is None or not key.usable(self._clock.now()):
            return None
        presented_hash = secret_hash(self._peppers.key, *parts)
        right = hmac.compare_digest(kept, presented_hash)
        if key.previous_until is not None and self._clock.now() < key.previous_until:
            right |= hmac.compare_digest(self._state.previous[key.key_id], presented_hash)
        if not right:
            return None
        return KeyFacts(
            key.key_id, key.name, frozenset(key.scopes), key.rate_per_minute, key.expires_at
        )

    def note(
        self,
        action: Action,
        outcome: Outcome,
        *,
        principal: str | None = None,
        target: str | None = None,
        code: str | None = None,
        address: str | None = None,
    ) -> None:
        """See ports.Audit."""
        self.noted.append(
            {
                "action": action,
                "outcome": outcome,
                "principal": principal,
                "target": target,
                "code": code,
                "address": address,
            }
        )

    def _answer(self) -> None:
        if self.down:
            raise StoreDown("told to be down")


class FakeKeys:
    """See ports.Keys, over a FakeGateway."""

    def __init__(self, gateway: FakeGateway) -> None:
        self._gateway = gateway

    async def find(self, presented: str) -> KeyFacts | None:
        """See ports.Keys."""
        return await self._gateway.find_key(presented)

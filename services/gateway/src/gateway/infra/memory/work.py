"""A unit of work in memory. Docstrings: application/store.py."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_eventstore import AlreadyDone, AnswerNotKept, Idempotency, KeyReused, Origin
from gateway.application.acting import named
from gateway.application.ports import Outcome
from gateway.domain.api_key import ApiKey
from gateway.domain.errors import EmailTaken, NotFound
from gateway.domain.link import ResetLink, VerifyLink
from gateway.domain.session import Session
from gateway.domain.team import Team
from gateway.domain.text import fold_email
from gateway.domain.user import User
from gateway.infra.memory.factors import MemoryFactors, MemoryPendingSignIns
from gateway.infra.memory.oidc import MemoryOidc
from gateway.infra.memory.sign_ins import MemoryDevices, MemoryTries
from gateway.infra.memory.state import State

T = TypeVar("T")


class _Users:
    def __init__(self, state: State) -> None:
        self._state = state

    async def get(self, user_id: UUID) -> User:
        if user_id not in self._state.emails.values():
            raise NotFound("no such user")
        return self._state.user(user_id)

    async def by_email(self, email: str) -> User | None:
        user_id = self._state.emails.get(fold_email(email))
        return None if user_id is None else self._state.user(user_id)

    async def claim(self, user: User) -> None:
        if fold_email(user.email) in self._state.emails:
            raise EmailTaken("an account with this address exists")
        self._state.emails[fold_email(user.email)] = user.user_id

    def save(self, user: User) -> None:
        stored = self._state.streams.get(user.user_id, ())
        self._state.streams[user.user_id] = (*stored, *user.pending)

    async def active_admins(self) -> frozenset[UUID]:
        users = self._state.users()
        return frozenset(u.user_id for u in users if u.status == "active" and u.role == "admin")


class _Teams:
    def __init__(self, state: State) -> None:
        self._state = state

    async def missing(self, team_ids: Iterable[UUID]) -> frozenset[UUID]:
        return frozenset(team_ids) - {team.team_id for team in self._state.teams()}

    async def find(self, team_id: UUID) -> Team | None:
        return next((team for team in self._state.teams() if team.team_id == team_id), None)

    def save(self, team: Team) -> None:
        stored = self._state.streams.get(team.team_id, ())
        self._state.streams[team.team_id] = (*stored, *team.pending)


class _Credentials:
    def __init__(self, state: State) -> None:
        self._state = state

    async def hold(self, user_id: UUID) -> str | None:
        return self._state.hashes.get(user_id, (None, None))[0]

    async def set(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        self._state.hashes[user_id] = (password_hash, at)


class _Links:
    def __init__(self, state: State) -> None:
        self._state = state

    def _of(self, user_id: UUID) -> list[VerifyLink]:
        links = [link for link in self._state.links.values() if link.user_id == user_id]
        return sorted(links, key=lambda link: link.issued_at)

    async def add(self, token_hash: bytes, link: VerifyLink) -> None:
        self._state.links[token_hash] = link

    async def hold(self, token_hash: bytes) -> VerifyLink | None:
        return self._state.links.get(token_hash)

    async def latest(self, user_id: UUID) -> VerifyLink | None:
        return next(reversed(self._of(user_id)), None)

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        return sum(link.issued_at > since for link in self._of(user_id))

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        for key, link in self._state.links.items():
            if link.user_id == user_id and link.used_at is None:
                self._state.links[key] = replace(link, used_at=at)


class _ResetLinks:
    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, token_hash: bytes, link: ResetLink) -> None:
        self._state.resets[token_hash] = link

    async def hold(self, token_hash: bytes) -> ResetLink | None:
        return self._state.resets.get(token_hash)

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        links = self._state.resets.values()
        return sum(link.user_id == user_id and link.issued_at > since for link in links)

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        for key, link in self._state.resets.items():
            if link.user_id == user_id and link.used_at is None:
                self._state.resets[key] = replace(link, used_at=at)


class _OpenSessions:
    def __init__(self, state: State) -> None:
        self._state = state

    async def open(self, session: Session, token_hash: bytes) -> None:
        self._state.sessions[token_hash] = session

    async def hold(self, session_id: UUID) -> Session | None:
        found = (s for s in self._state.sessions.values() if s.session_id == session_id)
        return next(found, None)

    async def rotate(self, session_id: UUID, token_hash: bytes, previous_until: datetime) -> None:
        self._state.rotate(session_id, token_hash, previous_until)

    async def rotate_later(self, user_id: UUID) -> None:
        sessions = self._state.sessions.values()
        open_ones = [s.session_id for s in sessions if s.user_id == user_id and not s.ended_at]
        self._state.rotate_due = self._state.rotate_due.union(open_ones)

    async def prove(self, session_id: UUID, at: datetime) -> None:
        for key, session in self._state.sessions.items():
            if session.session_id == session_id and session.ended_at is None:
                self._state.sessions[key] = replace(session, proven_at=at)

    async def end(self, session_id: UUID, at: datetime) -> None:
        self._end([k for k, s in self._state.sessions.items() if s.session_id == session_id], at)

    async def end_own(self, user_id: UUID, session_id: UUID, at: datetime) -> bool:
        found = [
            key
            for key, s in self._state.sessions.items()
            if (s.user_id, s.session_id) == (user_id, session_id)
        ]
        return self._end(found, at) == 1

    async def end_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        await MemoryPendingSignIns(self._state).void(user_id)
        return self._end(
            [
                key
                for key, s in self._state.sessions.items()
                if s.user_id == user_id and s.session_id != but
            ],
            at,
        )

    def _end(self, keys: list[bytes], at: datetime) -> int:
        open_ones = [key for key in keys if self._state.sessions[key].ended_at is None]
        for key in open_ones:
            self._state.sessions[key] = replace(self._state.sessions[key], ended_at=at)
        return len(open_ones)


class _ApiKeys:
    def __init__(self, state: State) -> None:
        self._state = state

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        self._state.keys[key.key_id] = (key, secret_hash)

    async def hold(self, key_id: str) -> ApiKey | None:
        return self._state.keys.get(key_id, (None, b""))[0]

    async def rotate(self, key_id: str, secret_hash: bytes, previous_until: datetime) -> None:
        key, kept = self._state.keys[key_id]
        self._state.keys[key_id] = (replace(key, previous_until=previous_until), secret_hash)
        self._state.previous[key_id] = kept

    async def revoke(self, key_id: str, at: datetime) -> bool:
        key, kept = self._state.keys.get(key_id, (None, b""))
        if key is None or key.revoked_at is not None:
            return False
        self._state.keys[key_id] = (replace(key, revoked_at=at), kept)
        return True


class MemoryWork:
    def __init__(self, state: State, origin: Origin) -> None:
        self._state, self._origin = state, origin
        self._claimed: Idempotency | None = None
        self._result: tuple[Any] | None = None
        self.users = _Users(state)
        self.teams = _Teams(state)
        self.credentials = _Credentials(state)
        self.factors = MemoryFactors(state)
        self.pending = MemoryPendingSignIns(state)
        self.links = _Links(state)
        self.reset_links = _ResetLinks(state)
        self.sessions = _OpenSessions(state)
        self.oidc = MemoryOidc(state)
        self.keys = _ApiKeys(state)
        self.devices = MemoryDevices(state.devices)
        self.tries = MemoryTries(state.tries)

    async def once(self) -> None:
        key = self._origin.idempotency
        if key is None:
            return
        done = self._state.answers.get(key.primary)
        if done is None:
            self._claimed = key
        elif done[0] != key.fingerprint:
            raise KeyReused
        elif done[1] is None:
            raise AnswerNotKept
        else:
            raise AlreadyDone(done[1][0])

    def answer(self, result: T) -> T:
        self._result = (result,)
        return result

    def finish(self) -> None:
        key = self._claimed
        if key is not None:
            self._state.answers[key.primary] = (key.fingerprint, self._result)

    def audit(
        self,
        action: Action,
        outcome: Outcome = "ok",
        *,
        at: datetime,
        target: str | None = None,
        code: str | None = None,
        address: str | None = None,
        principal: str | None = None,
    ) -> None:
        actor = self._origin.actor
        known = actor if named(actor) else None
        self._state.trail += (
            AuditRecordedV1(
                at=at,
                action=action,
                outcome=outcome,
                principal=principal or known,
                target=target,
                code=code,
                address_hash=f"hash of {address}" if address else None,
            ),
        )

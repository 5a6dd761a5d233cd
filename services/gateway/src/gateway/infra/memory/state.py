"""What the gateway in memory holds."""

import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.gateway.audit import AuditRecordedV1
from gateway.application.ports import UserRow
from gateway.domain.api_key import ApiKey
from gateway.domain.errors import NotFound
from gateway.domain.factor import Factor, Pending
from gateway.domain.link import ResetLink, VerifyLink
from gateway.domain.oidc import OidcIdentity, OidcWalk
from gateway.domain.session import Session
from gateway.domain.team import Team
from gateway.domain.tries import Tries
from gateway.domain.user import User
from gateway.infra.memory.sign_ins import Devices


@dataclass
class State:
    """Rows and streams, copied for each transaction."""

    streams: dict[UUID, tuple[Event, ...]] = field(default_factory=dict)
    emails: dict[str, UUID] = field(default_factory=dict)
    hashes: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    links: dict[bytes, VerifyLink] = field(default_factory=dict)
    resets: dict[bytes, ResetLink] = field(default_factory=dict)
    walks: dict[bytes, OidcWalk] = field(default_factory=dict)
    identities: dict[OidcIdentity, tuple[UUID, datetime]] = field(default_factory=dict)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    replaced: dict[bytes, tuple[UUID, datetime]] = field(default_factory=dict)
    """Tokens of before a rotation: whose they were, and until when they still work."""
    rotate_due: frozenset[UUID] = frozenset()
    """Sessions whose token is to be replaced at their next request."""
    factors: dict[UUID, Factor] = field(default_factory=dict)
    recovery: dict[UUID, frozenset[bytes]] = field(default_factory=dict)
    pending: dict[bytes, Pending] = field(default_factory=dict)
    keys: dict[str, tuple[ApiKey, bytes]] = field(default_factory=dict)
    previous: dict[str, bytes] = field(default_factory=dict)
    devices: Devices = field(default_factory=dict)
    tries: dict[str, Tries] = field(default_factory=dict)
    trail: tuple[AuditRecordedV1, ...] = ()
    answers: dict[tuple[str, str, str, str], tuple[str, tuple[Any] | None]] = field(
        default_factory=dict
    )

    def copied(self) -> "State":
        """For one transaction to write on."""
        return State(**{name: copy.copy(value) for name, value in vars(self).items()})

    def session(self, token_hash: bytes, now: datetime) -> Session | None:
        """By its token, or by the one before while that still works."""
        session_id, until = self.replaced.get(token_hash, (None, now))
        if now < until:
            found = (s for s in self.sessions.values() if s.session_id == session_id)
            return next(found, None)
        return self.sessions.get(token_hash)

    def rotate(self, session_id: UUID, token_hash: bytes, previous_until: datetime) -> None:
        """Another token for an open session."""
        for key, session in list(self.sessions.items()):
            if session.session_id == session_id and session.ended_at is None:
                others = {k: v for k, v in self.replaced.items() if v[0] != session_id}
                self.replaced = {**others, key: (session_id, previous_until)}
                self.sessions[token_hash] = self.sessions.pop(key)
        self.rotate_due -= {session_id}

    def user(self, user_id: UUID) -> User:
        """Raises NotFound."""
        return User.fold(user_id, self.streams.get(user_id, ()))

    def users(self) -> list[User]:
        """By age."""
        return [self.user(user_id) for user_id in sorted(self.emails.values())]

    def teams(self) -> list[Team]:
        """By age."""
        others = sorted(set(self.streams) - set(self.emails.values()))
        return [Team.fold(team_id, self.streams[team_id]) for team_id in others]


def row_of(user: User) -> UserRow:
    """An account in a list."""
    if user.registered_at is None:
        raise NotFound("no such user")
    return UserRow(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        role=user.role,
        status=user.status,
        teams=user.teams,
        registered_at=user.registered_at,
        has_factor=user.has_factor,
    )

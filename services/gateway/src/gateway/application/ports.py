"""What the gateway needs of the world.

The gate uses `Sessions`, `Keys` and `Audit` alone; the use cases read lists through `Queries` and
write through `Store` (store.py), one transaction each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_events.gateway.user import Role
from gateway.domain.api_key import ApiKey
from gateway.domain.session import Session
from gateway.domain.user import Status

Outcome = Literal["ok", "denied", "failed"]
T = TypeVar("T")


class StoreDown(Exception):
    """The store of sessions and keys cannot be asked: the gate answers 503, never allows."""


@dataclass(frozen=True)
class SessionFacts:
    """A session that is alive by its own clock, with what its user is at this moment.

    `csrf_token` is what a state change must carry in `X-CSRF-Token`. `role_version` grows with
    every change of role, teams or status, so an internal token may be cached under it.
    `active` is False once the user is suspended: the gate treats him as nobody. `proven_at` is when
    he last proved to us who he is, by password or factor; None where an issuer elsewhere vouched.
    `factor_due`: he must set a second factor before he may do anything else.
    `rotate`: his rights have changed, and the token that was presented must be replaced.
    """

    session_id: UUID
    user_id: UUID
    name: str
    role: Role
    teams: tuple[UUID, ...]
    csrf_token: str
    role_version: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    active: bool
    proven_at: datetime | None
    factor_due: bool
    rotate: bool = False


@dataclass(frozen=True)
class KeyFacts:
    """An API key that is neither revoked nor expired. `rate_per_minute` None: the class's rate."""

    key_id: str
    name: str
    scopes: frozenset[str]
    rate_per_minute: int | None
    expires_at: datetime | None


class Sessions(Protocol):
    """Sessions as the gate sees them: by the cookie's value."""

    async def find(self, token: str) -> SessionFacts | None:
        """None for unknown, ended, idle for 30 minutes or older than 12 hours.

        Asks the store each time; whoever caches the answer keeps it for 5 s at most.
        Raises StoreDown.
        """

    async def by_id(self, session_id: UUID) -> SessionFacts | None:
        """As `find`, for who knows a session and not its token. `rotate` is False."""

    async def rotate(self, token: str, new_token: str) -> bool:
        """Put the new token in the place of one that is due (`SessionFacts.rotate`); the one before
        works for 30 seconds more.

        Of requests at the same time, in whatever process, one gets True; False: the new token is
        nobody's. Raises StoreDown.
        """

    async def living(self, session_ids: Collection[UUID]) -> Mapping[UUID, SessionFacts]:
        """Those of these that are alive, with what their users are at this moment, suspended ones
        included. One statement for all. Raises StoreDown."""

    async def touch(self, session_id: UUID) -> None:
        """The session was used by a person just now. Background refresh must not call this.

        Cheap to call on every request: the store is written once a minute. Raises StoreDown.
        """


class Keys(Protocol):
    """API keys as the gate sees them: by what was presented."""

    async def find(self, presented: str) -> KeyFacts | None:
        """None for malformed (told by the checksum, without the store), unknown, revoked, expired.

        Raises StoreDown.
        """


class Audit(Protocol):
    """The trail of what happens too often to be kept one by one."""

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
        """Count one refusal, limit hit or key use; equal ones of a minute become one event.

        Never blocks, never raises. `principal` is `user:<id>`, `key:<id>` or None; `target` an id
        of that form or the template of a route; `address` is the raw one, kept as a keyed hash.
        What was counted and not yet written is lost with the process (a minute at most).
        """


@dataclass(frozen=True)
class UserRow:
    """An account in a list."""

    user_id: UUID
    email: str
    name: str
    role: Role | None
    status: Status
    teams: tuple[UUID, ...]
    registered_at: datetime
    has_factor: bool


@dataclass(frozen=True)
class TeamRow:
    """A team in a list."""

    team_id: UUID
    title: str
    restricted: bool


@dataclass(frozen=True)
class TrailRow:
    """One event of the audit trail; `position` grows with age and has gaps."""

    position: int
    event: AuditRecordedV1


class Queries(Protocol):
    """Lists, from the views. All are ordered by id, which is by age."""

    async def audit_trail(
        self,
        *,
        action: Action | None,
        principal: str | None,
        since: datetime | None,
        before: int | None,
        limit: int,
    ) -> Sequence[TrailRow]:
        """The audit trail, newest first, at most `limit`, before that position. `since`: at
        that instant or later."""

    async def users(
        self, *, status: Status | None, after: UUID | None, limit: int
    ) -> Sequence[UserRow]:
        """Accounts, at most `limit`, after that id."""

    async def user(self, user_id: UUID) -> UserRow:
        """One account. Raises NotFound."""

    async def teams(self) -> Sequence[TeamRow]:
        """All teams."""

    async def keys(self) -> Sequence[ApiKey]:
        """All keys, revoked ones included."""

    async def open_sessions(self, user_id: UUID) -> Sequence[Session]:
        """Those that nobody ended; some may be idle for too long, or too old."""


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and whether its hash is made with outdated parameters."""

    right: bool
    outdated: bool = False


class Passwords(Protocol):
    """Slow hashing, a few at a time, away from the event loop. Raises Busy when too many wait."""

    async def hash(self, password: str, *, stranger: bool = True) -> str:
        """A fresh hash of the normal form. Strangers wait apart: a storm of them leaves room for
        those who are signed in or come from a known device."""

    async def verify(
        self, password_hash: str | None, password: str, *, stranger: bool = True
    ) -> Verdict:
        """Takes as long for None (nobody there) as for a wrong password. `stranger`: see `hash`."""


class FactorVault(Protocol):
    """Keeps the secrets of second factors, each sealed for its account alone."""

    def seal(self, user_id: UUID, secret: str) -> str:
        """What the store may keep."""

    def unseal(self, user_id: UUID, sealed: str) -> str:
        """The secret. Raises StoreDown where it was not sealed for this account with this key."""


class Sealer(Protocol):
    """Encrypts what only the notifier may read."""

    def seal(self, plain: str) -> str:
        """Text that fits into an event."""

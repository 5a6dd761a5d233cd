"""What the gateway needs of the world.

The gate uses `Sessions`, `Keys` and `Audit` alone; the use cases write through `Store.work`, which
is one transaction, and read lists through `Queries`.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from deskstream_events.gateway.audit import Action
from deskstream_events.gateway.user import Role
from deskstream_eventstore import Origin
from gateway.domain.api_key import ApiKey
from gateway.domain.link import VerifyLink
from gateway.domain.session import Session
from gateway.domain.team import Team
from gateway.domain.user import Status, User

Outcome = Literal["ok", "denied", "failed"]
T = TypeVar("T")


class StoreDown(Exception):
    """The store of sessions and keys cannot be asked: the gate answers 503, never allows."""


@dataclass(frozen=True)
class SessionFacts:
    """A session that is alive by its own clock, with what its user is at this moment.

    `csrf_token` is what a state change must carry in `X-CSRF-Token`. `role_version` grows with
    every change of role, teams or status, so an internal token may be cached under it.
    `active` is False once the user is suspended: the gate treats him as nobody.
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


class Users(Protocol):
    """Accounts, each folded from its stream; an address belongs to one of them."""

    async def get(self, user_id: UUID) -> User:
        """Raises NotFound."""

    async def by_email(self, email: str) -> User | None:
        """However the address is spelled in upper and lower case."""

    async def claim(self, user: User) -> None:
        """The address is this new account's from now on. Raises EmailTaken."""

    def save(self, user: User) -> None:
        """Append what the account recorded; a lost race is the store's Conflict at the end.

        Once per account and transaction."""

    async def active_admins(self) -> frozenset[UUID]:
        """The active admins, held still until the end of the transaction."""


class Teams(Protocol):
    """Teams, each folded from its stream."""

    async def missing(self, team_ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of them that do not exist."""

    async def find(self, team_id: UUID) -> Team | None:
        """None where it does not exist."""

    def save(self, team: Team) -> None:
        """Append what the team recorded."""


class Credentials(Protocol):
    """Password hashes: kept apart, never in an event."""

    async def hold(self, user_id: UUID) -> str | None:
        """The hash, held still until the end of the transaction, so that signing in, a new
        password and suspension come one after the other. None before the address was verified."""

    async def set(self, user_id: UUID, password_hash: str, at: datetime) -> None:
        """The one that counts from now on."""


class Links(Protocol):
    """Links of verification mails, by the SHA-256 of their token."""

    async def add(self, token_hash: bytes, link: VerifyLink) -> None:
        """A new link."""

    async def hold(self, token_hash: bytes) -> VerifyLink | None:
        """The link, held still until the end of the transaction; None where unknown."""

    async def latest(self, user_id: UUID) -> VerifyLink | None:
        """The one issued last."""

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        """How many mails this account asked for."""

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        """One was used: none of this account's works any more."""


class OpenSessions(Protocol):
    """Sessions as the use cases write them."""

    async def open(self, session: Session, token_hash: bytes) -> None:
        """A new one."""

    async def end(self, session_id: UUID, at: datetime) -> None:
        """This one; nothing happens if it has ended."""

    async def end_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        """All of a user's, but one; returns how many were open."""


class ApiKeys(Protocol):
    """API keys as the use cases write them."""

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        """A new one."""

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """False where there is no such key, or it was revoked before."""


class GatewayWork(Protocol):
    """One transaction: everything in it happens, or nothing."""

    @property
    def users(self) -> Users: ...
    @property
    def teams(self) -> Teams: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def links(self) -> Links: ...
    @property
    def sessions(self) -> OpenSessions: ...
    @property
    def keys(self) -> ApiKeys: ...

    async def once(self) -> None:
        """Claim the request's idempotency key, after the access check and before deciding."""

    def answer(self, result: T) -> T:
        """Keep the answer for a repeat; never one that shows a secret."""

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
        """Put it on the trail, in this transaction. `principal` None: the actor of the work,
        where that is a user or a key."""


class Store(Protocol):
    """Where the gateway keeps what it owns."""

    def work(self, origin: Origin) -> AbstractAsyncContextManager[GatewayWork]:
        """Begin; commits on a clean exit. Raises the store's Conflict where a race was lost."""


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


@dataclass(frozen=True)
class TeamRow:
    """A team in a list."""

    team_id: UUID
    title: str
    restricted: bool


class Queries(Protocol):
    """Lists, from the views. All are ordered by id, which is by age."""

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


@dataclass(frozen=True)
class Verdict:
    """Whether a password is right, and whether its hash is made with outdated parameters."""

    right: bool
    outdated: bool = False


class Passwords(Protocol):
    """Slow hashing, a few at a time, away from the event loop. Raises Busy when too many wait."""

    async def hash(self, password: str) -> str:
        """A fresh hash of the normal form."""

    async def verify(self, password_hash: str | None, password: str) -> Verdict:
        """Takes as long for None (nobody there) as for a wrong password."""


class Sealer(Protocol):
    """Encrypts what only the notifier may read."""

    def seal(self, token: str) -> str:
        """Text that fits into an event."""

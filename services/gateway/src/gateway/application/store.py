"""What the use cases write through: one transaction over accounts, teams, sessions and keys."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from deskstream_events.gateway.audit import Action
from deskstream_eventstore import Origin
from gateway.application.ports import Outcome
from gateway.domain.api_key import ApiKey
from gateway.domain.factor import Factor, Pending
from gateway.domain.link import ResetLink, VerifyLink
from gateway.domain.oidc import OidcIdentity, OidcWalk
from gateway.domain.session import Session
from gateway.domain.team import Team
from gateway.domain.tries import Tries
from gateway.domain.user import User

T = TypeVar("T")


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


class Factors(Protocol):
    """Second factors and recovery codes. The caller holds the account's credentials still."""

    async def find(self, user_id: UUID) -> Factor:
        """An empty one where none was ever begun."""

    async def save(self, user_id: UUID, factor: Factor) -> None:
        """What counts from now on."""

    async def remove(self, user_id: UUID) -> None:
        """Factor and recovery codes are gone."""

    async def set_recovery(self, user_id: UUID, hashes: Sequence[bytes]) -> None:
        """These recovery codes, and none of before."""

    async def spend(self, user_id: UUID, code_hash: bytes) -> bool:
        """Whether there was this recovery code; it is gone."""


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


class ResetLinks(Protocol):
    """Links of reset mails, by the SHA-256 of their token."""

    async def add(self, token_hash: bytes, link: ResetLink) -> None:
        """A new link."""

    async def hold(self, token_hash: bytes) -> ResetLink | None:
        """The link, held still until the end of the transaction; None where unknown."""

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        """How many mails this account asked for."""

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        """The password is another: no link of this account works any more."""


class OpenSessions(Protocol):
    """Sessions as the use cases write them."""

    async def open(self, session: Session, token_hash: bytes) -> None:
        """A new one."""

    async def hold(self, session_id: UUID) -> Session | None:
        """The session, held still until the end of the transaction; None where unknown."""

    async def rotate(self, session_id: UUID, token_hash: bytes, previous_until: datetime) -> None:
        """This token from now on, if the session is open; the one that counted so far until then,
        any older one never again."""

    async def rotate_later(self, user_id: UUID) -> None:
        """Every open session of this user gets another token at its next request: his rights have
        changed."""

    async def prove(self, session_id: UUID, at: datetime) -> None:
        """Its owner proved at that moment who he is, if the session is open."""

    async def end(self, session_id: UUID, at: datetime) -> None:
        """This one; nothing happens if it has ended."""

    async def end_own(self, user_id: UUID, session_id: UUID, at: datetime) -> bool:
        """This one if it is that user's; False where it is not, or has ended."""

    async def end_all(self, user_id: UUID, at: datetime, *, but: UUID | None = None) -> int:
        """All of a user's, but one, and every sign-in that is pending; returns how many sessions
        were open."""


class PendingSignIns(Protocol):
    """Sign-ins that wait for their second factor, by the SHA-256 of their token."""

    async def add(self, token_hash: bytes, pending: Pending) -> None:
        """A new one."""

    async def find(self, token_hash: bytes) -> Pending | None:
        """None where unknown, finished or void."""

    async def miss(self, token_hash: bytes) -> None:
        """One try was wrong."""

    async def drop(self, token_hash: bytes) -> None:
        """It is finished."""


class Oidc(Protocol):
    """Walks to the issuer, by the SHA-256 of their state, and the identities that are linked."""

    async def set_out(self, state_hash: bytes, walk: OidcWalk) -> None:
        """A new walk."""

    async def come_back(self, state_hash: bytes) -> OidcWalk | None:
        """The walk, to one caller only: it is forgotten with this transaction."""

    async def owner(self, identity: OidcIdentity) -> UUID | None:
        """Whose account it opens."""

    async def link(self, identity: OidcIdentity, user_id: UUID, at: datetime) -> None:
        """Opens this account from now on, in place of the identity that did so far. Raises
        IdentityTaken."""

    async def unlink(self, user_id: UUID) -> bool:
        """No identity opens this account any more; False where none did."""


class ApiKeys(Protocol):
    """API keys as the use cases write them."""

    async def add(self, key: ApiKey, secret_hash: bytes) -> None:
        """A new one."""

    async def hold(self, key_id: str) -> ApiKey | None:
        """The key, held still until the end of the transaction."""

    async def rotate(self, key_id: str, secret_hash: bytes, previous_until: datetime) -> None:
        """This secret from now on; the one that counted so far until then."""

    async def revoke(self, key_id: str, at: datetime) -> bool:
        """False where there is no such key, or it was revoked before."""


class Devices(Protocol):
    """Known devices, by the SHA-256 of their token; one may be known to several accounts."""

    async def knows(self, token_hash: bytes, user_id: UUID, now: datetime) -> bool:
        """Whether this account has signed in from it, and it was not ended since."""

    async def has_any(self, user_id: UUID) -> bool:
        """Whether the account has ever signed in from one, ended or not."""

    async def add(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        """A new one of this account."""

    async def seen(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        """He has signed in from it again."""

    async def replace(self, old_hash: bytes, new_hash: bytes, *, newcomer: UUID) -> None:
        """The browser has another token from now on, for every account known there but the
        newcomer's own."""

    async def end_all(self, user_id: UUID, at: datetime) -> None:
        """None of this account's counts any more."""


class SignInTries(Protocol):
    """Failed sign-ins of strangers, per address of an account, whether there is one or not."""

    async def hold(self, email: str) -> Tries:
        """The count, held still until the end of the transaction."""

    async def keep(self, email: str, tries: Tries) -> None:
        """The count from now on."""

    async def forget(self, email: str) -> None:
        """One succeeded."""


class GatewayWork(Protocol):
    """One transaction: everything in it happens, or nothing."""

    @property
    def users(self) -> Users: ...
    @property
    def teams(self) -> Teams: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def factors(self) -> Factors: ...
    @property
    def links(self) -> Links: ...
    @property
    def reset_links(self) -> ResetLinks: ...
    @property
    def sessions(self) -> OpenSessions: ...
    @property
    def pending(self) -> PendingSignIns: ...
    @property
    def oidc(self) -> Oidc: ...
    @property
    def keys(self) -> ApiKeys: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def tries(self) -> SignInTries: ...

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
        where that is a user, a key or the operator."""


class Store(Protocol):
    """Where the gateway keeps what it owns."""

    def work(self, origin: Origin) -> AbstractAsyncContextManager[GatewayWork]:
        """Begin; commits on a clean exit. Raises the store's Conflict where a race was lost."""

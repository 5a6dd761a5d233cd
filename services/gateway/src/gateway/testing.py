"""Fakes, builders and people for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import httpx
from pyotp import TOTP
from sqlalchemy import select

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller, system_caller
from deskstream_chassis.clock import Clock, FixedClock
from deskstream_chassis.ids import new_id
from deskstream_events.event import Event
from deskstream_events.gateway.audit import AuditRecordedV1
from deskstream_events.gateway.user import PasswordResetRequestedV1, VerificationRequestedV1
from deskstream_events.gateway.user import Role as EventRole
from deskstream_eventstore import Database, Origin, run, store_metadata
from gateway.application.acting import OPERATOR_NAME, VISITOR_NAME
from gateway.application.app import GatewayApp, Peppers, build_app
from gateway.application.change_user_status import ChangeUserStatus
from gateway.application.create_admin import CreateAdmin
from gateway.application.desk import Desk
from gateway.application.enable_factor import EnabledFactor, EnableFactor
from gateway.application.ensure_support import EnsureSupport
from gateway.application.forgot_password import ForgotPassword
from gateway.application.issuer import Issuer
from gateway.application.offer_factor import OfferFactor
from gateway.application.open_session import PendingSignIn, SignedIn
from gateway.application.ports import Audit, Keys, Passwords, Queries, Sessions
from gateway.application.quarantine import Quarantine
from gateway.application.register_user import RegisterUser
from gateway.application.reset_password import ResetPassword
from gateway.application.service_operations import ServiceOperations
from gateway.application.sign_in import SignIn
from gateway.application.store import Store
from gateway.application.verify_email import VerifyEmail
from gateway.application.verify_factor import VerifyFactor
from gateway.infra.common_passwords import load_common_passwords
from gateway.infra.factor_vault import SealedFactorVault
from gateway.infra.memory.desk import FakeDesk
from gateway.infra.memory.gateway import FakeGateway
from gateway.infra.memory.issuer import FakeIssuer
from gateway.infra.memory.secrets import PlainSealer, cheap_passwords
from gateway.interface.scope import ADDRESS, COOKIES, PRINCIPAL

__all__ = [
    "NINE",
    "PASSWORD",
    "PEPPERS",
    "Cast",
    "Client",
    "FakeGateway",
    "PlainSealer",
    "Rig",
    "cheap_app",
    "cheap_passwords",
    "operator",
    "signed_in",
    "visitor",
]

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PEPPERS = Peppers(session=b"s" * 32, key=b"k" * 32, recovery=b"r" * 32)


def cheap_app(
    store: Store,
    queries: Queries,
    audit: Audit,
    clock: Clock,
    services: Mapping[str, ServiceOperations] | None = None,
    issuer: Issuer | None = None,
    desk: Desk | None = None,
    quarantine: Quarantine | None = None,
    passwords: Passwords | None = None,
) -> GatewayApp:
    """Every use case, with cheap hashing and tokens that tests can read."""
    return build_app(
        store=store,
        queries=queries,
        passwords=passwords or cheap_passwords(),
        sealer=PlainSealer(),
        vault=SealedFactorVault(b"f" * 32),
        audit=audit,
        clock=clock,
        common_passwords=load_common_passwords(),
        peppers=PEPPERS,
        services=services or {},
        quarantine=quarantine,
        issuer=issuer,
        desk=desk or FakeDesk().ports,
    )


@dataclass(frozen=True)
class Rig:
    """A gateway put together for a test; `database` is None over the fake."""

    clock: FixedClock
    app: GatewayApp
    store: Store
    queries: Queries
    sessions: Sessions
    keys: Keys
    audit: Audit
    issuer: FakeIssuer = field(default_factory=FakeIssuer)
    desk: FakeDesk = field(default_factory=FakeDesk)
    fake: FakeGateway | None = None
    database: Database | None = None


PASSWORD = "seven blue lamps hum"


def visitor() -> Caller:
    """Somebody who is not signed in."""
    return system_caller(VISITOR_NAME)


def operator() -> Caller:
    """Whoever runs commands on the installation."""
    return system_caller(OPERATOR_NAME)


def signed_in(opened: SignedIn) -> Caller:
    """The caller that the gate makes of a session."""
    user = opened.user
    assert user.role is not None
    actor = Actor(
        "user",
        str(user.user_id),
        role=Role(user.role),
        teams=frozenset(user.teams),
        session=str(opened.session.session_id),
    )
    return Caller(actor, Origin(actor=actor.ref, correlation_id=str(new_id())))


class Cast:
    """Speaks to a rig as people do."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.app = rig, rig.app
        self._browsers: dict[str, str | None] = {}

    async def support(self) -> None:
        """The first start."""
        await operator().once(self.app.ensure_support, EnsureSupport(), type(None))

    async def admin(self, email: str = "root@shop.test") -> UUID:
        """An admin made by the operator."""
        return await operator().once(
            self.app.create_admin, CreateAdmin(email, "Root", PASSWORD), UUID
        )

    async def register(self, email: str = "ada@shop.test", password: str = PASSWORD) -> None:
        """Ask for an account."""
        command = RegisterUser(email, "Ada Lovelace", password, "192.0.2.7")
        await visitor().once(self.app.register_user, command, type(None))

    async def tokens(self, email: str = "ada@shop.test") -> list[str]:
        """The links mailed so far, oldest first, as the notifier would unseal them."""
        return await self._mailed(email, VerificationRequestedV1)

    async def forget(self, email: str = "ada@shop.test") -> None:
        """Ask for a link to set another password."""
        command = ForgotPassword(email, "192.0.2.7")
        await visitor().once(self.app.forgot_password, command, type(None))

    async def resets(self, email: str = "ada@shop.test") -> list[str]:
        """The reset links mailed so far, oldest first."""
        return await self._mailed(email, PasswordResetRequestedV1)

    async def _mailed(self, email: str, kind: type[Event]) -> list[str]:
        events = await self.events(await self.id_of(email))
        found = [getattr(event, "sealed_token", "") for event in events if isinstance(event, kind)]
        return [token.removeprefix("sealed:") for token in found]

    async def reset(self, token: str, new_password: str) -> None:
        """Send the form behind a reset link."""
        command = ResetPassword(token, new_password, "192.0.2.7")
        await visitor().once(self.app.reset_password, command, type(None))

    async def id_of(self, email: str) -> UUID:
        """Whose address it is."""
        async with self.rig.store.work(visitor().origin) as work:
            user = await work.users.by_email(email)
        assert user is not None
        return user.user_id

    async def events(self, stream_id: UUID) -> Sequence[Event]:
        """A stream as stored."""
        if self.rig.fake is not None:
            return self.rig.fake.stream(stream_id)
        assert self.rig.database is not None
        async with self.rig.database.reading() as work:
            return [fact.event for fact in await work.load(stream_id)]

    async def trail(self) -> list[AuditRecordedV1]:
        """The audit trail, oldest first."""
        if self.rig.fake is not None:
            return list(self.rig.fake.trail)
        assert self.rig.database is not None
        events = store_metadata.tables["events"]
        statement = (
            select(events.c.data)
            .where(events.c.stream_type == "gateway.audit")
            .order_by(events.c.position)
        )
        async with self.rig.database.reading() as work:
            rows = await run(work, statement)
        return [AuditRecordedV1.read(row["data"]) for row in rows]

    async def verify(self, token: str) -> None:
        """Press the button behind a link."""
        command = VerifyEmail(token, "192.0.2.7")
        await visitor().once(self.app.verify_email, command, type(None))

    async def sign_in(
        self, email: str, password: str = PASSWORD, replaces: UUID | None = None, **more: Any
    ) -> SignedIn:
        """Sign in, without a second factor, by default from the browser of the last time."""
        more.setdefault("device_token", self._browsers.get(email))
        command = SignIn(email, password, "192.0.2.7", replaces, **more)
        found = await self.app.sign_in(command, visitor())
        assert isinstance(found, SignedIn)
        self._browsers[email] = found.device_token
        return found

    async def first_step(self, email: str = "ada@shop.test", password: str = PASSWORD) -> str:
        """The token of a sign-in that waits for the second factor."""
        found = await self.app.sign_in(SignIn(email, password, "192.0.2.7"), visitor())
        assert isinstance(found, PendingSignIn)
        return found.token

    async def second_step(self, pending: str, code: str) -> SignedIn:
        """The code for it."""
        return await self.app.verify_factor(VerifyFactor(pending, code, "192.0.2.7"), visitor())

    async def set_factor(self, opened: SignedIn) -> tuple[str, EnabledFactor]:
        """Set a second factor: its secret, and what enabling it answered."""
        offer = OfferFactor(self.rig.clock.now())
        secret = (await self.app.offer_factor(offer, signed_in(opened))).secret
        enable = EnableFactor(self.code(secret), "192.0.2.7")
        return secret, await self.app.enable_factor(enable, signed_in(opened))

    def code(self, secret: str, steps: int = 0) -> str:
        """What an authenticator shows, so many half minutes from now."""
        return TOTP(secret).at(self.rig.clock.now(), counter_offset=steps)

    async def change(
        self, by: Caller, user_id: UUID, status: Literal["active", "suspended"], **more: Any
    ) -> None:
        """Approve, reinstate, change role or suspend."""
        command = ChangeUserStatus(user_id, status, **more)
        await by.once(self.app.change_user_status, command, type(None))

    async def agent(self, email: str = "ada@shop.test", role: EventRole = "agent") -> UUID:
        """An approved account."""
        await self.register(email)
        await self.verify((await self.tokens(email))[-1])
        user_id = await self.id_of(email)
        await self.change(operator(), user_id, "active", role=role)
        return user_id


@dataclass
class Client:
    """What the gate does, without its checks: it looks up and hands over."""

    people: Cast
    http: httpx.AsyncClient
    scope: dict[str, Any] = field(default_factory=dict)
    address: str = "192.0.2.7"
    cookies: dict[str, str] = field(default_factory=dict)

    async def anonymous(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Without session or key."""
        self.scope.update({PRINCIPAL: None, ADDRESS: self.address, COOKIES: self.cookies})
        return await self.http.request(method, path, **more)

    async def as_session(self, token: str, method: str, path: str, **more: Any) -> httpx.Response:
        """With the cookie of a session."""
        self.scope.update({PRINCIPAL: await self.people.rig.sessions.find(token)})
        return await self.http.request(method, path, **more)

    async def as_key(self, secret: str, method: str, path: str, **more: Any) -> httpx.Response:
        """With an API key."""
        self.scope.update({PRINCIPAL: await self.people.rig.keys.find(secret)})
        return await self.http.request(method, path, **more)

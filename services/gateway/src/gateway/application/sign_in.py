"""Someone signs in with address and password."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.open_session import OpenSession, PendingSignIn, SignedIn
from gateway.application.ports import Passwords
from gateway.application.store import Store
from gateway.domain.device import UNKNOWN
from gateway.domain.errors import SignInFailed
from gateway.domain.password import normal_password
from gateway.domain.user import User


@dataclass(frozen=True)
class SignIn:
    """`replaces` is the session whose cookie came along: it ends, its token is never reused.
    `device` is what the list of sessions calls the browser."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    address: str = field(repr=False)
    replaces: UUID | None = None
    device: str = UNKNOWN


class SignInHandler:
    """Opens a fresh session for an active account and the right password, or asks for the second
    factor where one is set.

    Everything else raises SignInFailed after the same work: one slow verification and one
    transaction with an entry on the trail. A hash made with old parameters is made anew. Raises
    Busy when too many passwords wait to be checked.
    """

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords, sessions: OpenSession
    ) -> None:
        self._store, self._clock = store, clock
        self._passwords, self._sessions = passwords, sessions

    async def __call__(self, command: SignIn, caller: Caller) -> SignedIn | PendingSignIn:
        password = normal_password(command.password)
        async with self._store.work(caller.origin) as work:
            user = await work.users.by_email(command.email)
            known = None if user is None else await work.credentials.hold(user.user_id)
        verdict = await self._passwords.verify(known, password)
        now = self._clock.now()
        if user is None or not verdict.right or known is None:
            return await self._refuse(command, caller, user, now, "wrong_credentials")
        rehashed = await self._passwords.hash(password) if verdict.outdated else None
        async with self._store.work(caller.origin) as work:
            still = await work.credentials.hold(user.user_id) == known
            user = await work.users.get(user.user_id)
            if still and user.status == "active":
                if rehashed is not None:
                    await work.credentials.set(user.user_id, rehashed, now)
                return await self._sessions.open(
                    work,
                    user,
                    at=now,
                    device=command.device,
                    address=command.address,
                    replaces=command.replaces,
                    proof="password",
                )
        return await self._refuse(command, caller, user, now, "not_active")

    async def _refuse(
        self, command: SignIn, caller: Caller, user: User | None, now: datetime, code: str
    ) -> SignedIn:
        async with self._store.work(caller.origin) as work:
            work.audit(
                "sign_in_failed",
                "denied",
                at=now,
                target=None if user is None else f"user:{user.user_id}",
                code=code,
                address=command.address,
            )
        raise SignInFailed("address or password is not right, or the account is not active")

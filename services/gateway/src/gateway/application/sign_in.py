"""Someone signs in with address and password."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.open_session import OpenSession, PendingSignIn, SignedIn
from gateway.application.ports import Passwords
from gateway.application.store import Store
from gateway.application.throttle import begin_try
from gateway.domain.device import UNKNOWN
from gateway.domain.errors import SignInFailed
from gateway.domain.password import normal_password
from gateway.domain.tries import Tries
from gateway.domain.user import User


@dataclass(frozen=True)
class SignIn:
    """`replaces` is the session whose cookie came along: it ends, its token is never reused.
    `device` is what the list of sessions calls the browser, `device_token` what its cookie carries;
    `stranger`: it is not known for this account, so the account's failures count."""

    email: str = field(repr=False)
    password: str = field(repr=False)
    address: str = field(repr=False)
    replaces: UUID | None = None
    device: str = UNKNOWN
    device_token: str | None = field(default=None, repr=False)
    stranger: bool = True


class SignInHandler:
    """Opens a fresh session for an active account and the right password, or asks for the second
    factor where one is set.

    Everything else raises SignInFailed after the same work: one slow verification and one
    transaction with an entry on the trail. A hash made with old parameters is made anew. Raises
    TooManyTries to strangers while the account is closed to them, Busy when too many passwords wait
    to be checked.
    """

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords, sessions: OpenSession
    ) -> None:
        self._store, self._clock = store, clock
        self._passwords, self._sessions = passwords, sessions

    async def __call__(self, command: SignIn, caller: Caller) -> SignedIn | PendingSignIn:
        password, tries = normal_password(command.password), None
        async with self._store.work(caller.origin) as work:
            user = await work.users.by_email(command.email)
            known = None if user is None else await work.credentials.hold(user.user_id)
            if command.stranger:
                tries = await begin_try(work, command.email, self._clock.now())
        verdict = await self._passwords.verify(known, password, stranger=command.stranger)
        now = self._clock.now()
        if user is None or not verdict.right or known is None:
            return await self._refuse(command, caller, user, now, tries, "wrong_credentials")
        rehashed = None
        if verdict.outdated:
            rehashed = await self._passwords.hash(password, stranger=command.stranger)
        async with self._store.work(caller.origin) as work:
            still = await work.credentials.hold(user.user_id) == known
            user = await work.users.get(user.user_id)
            if still and user.status == "active":
                if rehashed is not None:
                    await work.credentials.set(user.user_id, rehashed, now)
                if command.stranger:
                    await work.tries.forget(user.email)
                return await self._sessions.open(
                    work,
                    user,
                    at=now,
                    device=command.device,
                    address=command.address,
                    replaces=command.replaces,
                    proof="password",
                    device_token=command.device_token,
                )
        return await self._refuse(command, caller, user, now, tries, "not_active")

    async def _refuse(
        self,
        command: SignIn,
        caller: Caller,
        user: User | None,
        now: datetime,
        tries: Tries | None,
        code: str,
    ) -> SignedIn:
        target = None if user is None else f"user:{user.user_id}"
        async with self._store.work(caller.origin) as work:
            note = partial(work.audit, at=now, target=target, address=command.address)
            note("sign_in_failed", "denied", code=code)
            if tries is not None and tries.closes:
                note("locked", "denied")
        raise SignInFailed("address or password is not right, or the account is not active")

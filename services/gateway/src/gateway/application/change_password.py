"""Someone who is signed in sets another password."""

from dataclasses import dataclass, field
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import own_session, save
from gateway.application.new_password import NewPassword
from gateway.application.ports import Passwords
from gateway.application.store import Store
from gateway.application.tokens import SessionTokens
from gateway.domain.errors import WrongPassword
from gateway.domain.password import normal_password
from gateway.domain.session import ROTATION_GRACE, token_hash


@dataclass(frozen=True)
class ChangePassword:
    """Both as typed."""

    old_password: str = field(repr=False)
    new_password: str = field(repr=False)
    address: str = field(repr=False)


class ChangePasswordHandler:
    """The new one counts at once, every other session of the account ends, and this one gets
    another token, which is returned for the cookie; the token of before works for 30 seconds more.

    Raises WrongPassword, WeakPassword, Busy; Forbidden for anyone without a session.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        passwords: Passwords,
        new_password: NewPassword,
        tokens: SessionTokens,
    ) -> None:
        self._store, self._clock, self._tokens = store, clock, tokens
        self._passwords, self._new_password = passwords, new_password

    async def __call__(self, command: ChangePassword, caller: Caller) -> str:
        user_id, session_id = own_session(caller)
        async with self._store.work(caller.origin) as work:
            user = await work.users.get(user_id)
            old_hash = await work.credentials.hold(user_id)
        verdict = await self._passwords.verify(
            old_hash, normal_password(command.old_password), stranger=False
        )
        now = self._clock.now()
        if not verdict.right:
            await self._refuse(command, caller, now)
        new_hash = await self._new_password.hash(
            command.new_password,
            personal=(user.email, user.name),
            has_factor=user.has_factor,
            field="new_password",
        )
        async with self._store.work(caller.origin) as work:
            user = await work.users.get(user_id)
            if await work.credentials.hold(user_id) != old_hash:
                raise WrongPassword("it was changed a moment ago")
            user.change_password(now)
            await work.credentials.set(user_id, new_hash, now)
            await work.reset_links.use_all(user_id, now)
            await work.sessions.end_all(user_id, now, but=session_id)
            token = self._tokens.new()
            await work.sessions.rotate(session_id, token_hash(token), now + ROTATION_GRACE)
            save(work, user)
            return token

    async def _refuse(self, command: ChangePassword, caller: Caller, now: datetime) -> None:
        async with self._store.work(caller.origin) as work:
            work.audit(
                "password_changed",
                "failed",
                at=now,
                target=caller.actor.ref,
                code=WrongPassword.code,
                address=command.address,
            )
        raise WrongPassword("the old password is not right", field="old_password")

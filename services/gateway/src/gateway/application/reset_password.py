"""The form on the page behind the mailed link was sent: another password, without the old one."""

from dataclasses import dataclass, field
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.gateway.audit import Action
from gateway.application.new_password import NewPassword
from gateway.application.ports import Audit
from gateway.application.store import GatewayWork, Store
from gateway.domain.errors import LinkInvalid
from gateway.domain.session import token_hash
from gateway.domain.user import User


@dataclass(frozen=True)
class ResetPassword:
    """`token` as it stood in the link."""

    token: str = field(repr=False)
    new_password: str = field(repr=False)
    address: str = field(repr=False)


class ResetPasswordHandler:
    """The new password counts at once, every session of the account ends, no device is known for it
    any more, and nobody is signed in.

    A link works once and within 15 minutes; a password that is refused does not use it up. Every
    other link of the account is void afterwards, and no identity at the issuer opens it any more:
    whoever takes an account back shuts out who may have linked one of his own. Raises LinkInvalid
    for unknown, used, old and void ones alike, WeakPassword, Busy.
    """

    def __init__(self, store: Store, clock: Clock, new_password: NewPassword, audit: Audit) -> None:
        self._store, self._clock = store, clock
        self._new_password, self._audit = new_password, audit

    async def __call__(self, command: ResetPassword, caller: Caller) -> None:
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            user = await self._owner(work, command, now)
        new_hash = await self._new_password.hash(
            command.new_password,
            personal=(user.email, user.name),
            has_factor=user.has_factor,
            field="new_password",
        )
        async with self._store.work(caller.origin) as work:
            await work.credentials.hold(user.user_id)
            user = await self._owner(work, command, now)
            user.change_password(now)
            work.users.save(user)
            await work.credentials.set(user.user_id, new_hash, now)
            await work.reset_links.use_all(user.user_id, now)
            await work.sessions.end_all(user.user_id, now)
            await work.devices.end_all(user.user_id, now)
            ref = f"user:{user.user_id}"
            unlinked = await work.oidc.unlink(user.user_id)
            actions: list[Action] = ["password_changed", "sessions_ended"]
            for action in [*actions, "oidc_unlinked"] if unlinked else actions:
                work.audit(action, at=now, principal=ref, target=ref, address=command.address)

    async def _owner(self, work: GatewayWork, command: ResetPassword, now: datetime) -> User:
        link = await work.reset_links.hold(token_hash(command.token))
        if link is not None and link.usable(now):
            user = await work.users.get(link.user_id)
            if user.status == "active":
                return user
        self._audit.note(
            "password_changed", "failed", code=LinkInvalid.code, address=command.address
        )
        raise LinkInvalid("the link is unknown, used or too old")

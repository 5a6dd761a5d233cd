"""Someone asks for an account."""

from dataclasses import dataclass, field
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from gateway.application.addresses import accept_email
from gateway.application.new_password import NewPassword
from gateway.application.store import GatewayWork, Store
from gateway.application.verification import VerificationMail
from gateway.domain.errors import EmailTaken
from gateway.domain.text import NAME_LIMIT, clean_line
from gateway.domain.user import User


@dataclass(frozen=True)
class RegisterUser:
    """`address` is the client's, for the trail."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    password: str = field(repr=False)
    address: str = field(repr=False)


class RegisterUserHandler:
    """A new address gets an account and a link by mail; one that waits for its link gets another.

    Answers the same, and works as long, for a known and an unknown address: the password is
    checked and hashed first and one transaction is written in any case. Raises WeakPassword, Busy.
    """

    def __init__(
        self, store: Store, clock: Clock, passwords: NewPassword, mail: VerificationMail
    ) -> None:
        self._store, self._clock, self._passwords, self._mail = store, clock, passwords, mail

    async def __call__(self, command: RegisterUser, caller: Caller) -> None:
        email = accept_email(command.email)
        name = clean_line(command.name, limit=NAME_LIMIT, field="name")
        password_hash = await self._passwords.hash(command.password, personal=(email, name))
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            user = await _find_or_register(work, email, name, now)
            fresh = user.version == 0
            if await self._mail.request(work, user, password_hash, now):
                work.users.save(user)
            work.audit(
                "account_created",
                "ok" if fresh else "denied",
                at=now,
                target=f"user:{user.user_id}",
                code=None if fresh else "known_address",
                address=command.address,
            )


async def _find_or_register(work: GatewayWork, email: str, name: str, now: datetime) -> User:
    known = await work.users.by_email(email)
    if known is not None:
        return known
    user = User.register(new_id(), email=email, name=name, at=now)
    try:
        await work.users.claim(user)
    except EmailTaken:  # another request was faster
        known = await work.users.by_email(email)
        if known is None:
            raise
        return known
    return user

"""The operator of the installation makes an admin: the first one, or one after a lock-out."""

from dataclasses import dataclass, field
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from gateway.application.acting import is_operator, save
from gateway.application.addresses import accept_email
from gateway.application.new_password import NewPassword
from gateway.application.store import Store
from gateway.domain.errors import Forbidden
from gateway.domain.text import NAME_LIMIT, clean_line
from gateway.domain.user import OPERATOR, User


@dataclass(frozen=True)
class CreateAdmin:
    """The operator vouches for the address: no mail is sent."""

    email: str = field(repr=False)
    name: str = field(repr=False)
    password: str = field(repr=False)


class CreateAdminHandler:
    """An active admin in the team Support. Only `system:operator` may call it (`admin create`).

    Raises EmailTaken, WeakPassword, InvalidInput, Forbidden.
    """

    def __init__(self, store: Store, clock: Clock, passwords: NewPassword) -> None:
        self._store, self._clock, self._passwords = store, clock, passwords

    async def __call__(self, command: CreateAdmin, caller: Caller) -> UUID:
        if not is_operator(caller):
            raise Forbidden("only the operator makes an admin out of nothing")
        email = accept_email(command.email)
        name = clean_line(command.name, limit=NAME_LIMIT, field="name")
        password_hash = await self._passwords.hash(command.password, personal=(email, name))
        now = self._clock.now()
        user = User.register(new_id(), email=email, name=name, at=now)
        async with self._store.work(caller.origin) as work:
            await work.users.claim(user)
            user.verify_email(now)
            user.activate(
                OPERATOR, role="admin", teams=(SUPPORT_TEAM_ID,), admins=frozenset(), at=now
            )
            await work.credentials.set(user.user_id, password_hash, now)
            work.audit("account_created", at=now, target=f"user:{user.user_id}")
            save(work, user)
        return user.user_id

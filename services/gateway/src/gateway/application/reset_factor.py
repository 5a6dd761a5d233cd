"""An admin lets somebody in who has lost his second factor."""

from dataclasses import dataclass, field
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import demand_admin, save, staff_of
from gateway.application.store import Store
from gateway.domain.text import clean_reason


@dataclass(frozen=True)
class ResetFactor:
    """Whose, and why; the reason is kept with the account."""

    user_id: UUID
    reason: str | None = field(default=None, repr=False)


class ResetFactorHandler:
    """The second factor and its recovery codes are gone and every session of the account ends; its
    owner, who is told by mail, signs in by password alone until he sets another one.

    Raises NotFound, NoFactor, InvalidInput; Forbidden and its kinds for anyone but an admin or the
    operator, and for oneself.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: ResetFactor, caller: Caller) -> None:
        demand_admin(caller)
        by, now = staff_of(caller), self._clock.now()
        async with self._store.work(caller.origin) as work:
            user = await work.users.get(command.user_id)
            user.guard(by, makes=None)
            await work.once()
            await work.credentials.hold(user.user_id)
            user.disable_factor(by, reason=clean_reason(command.reason), at=now)
            await work.factors.remove(user.user_id)
            await work.sessions.end_all(user.user_id, now)
            save(work, user)
            work.answer(None)

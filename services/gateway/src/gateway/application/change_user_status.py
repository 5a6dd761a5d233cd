"""A manager or admin lets someone in, shuts him out, or gives him another role."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.gateway.user import Role
from gateway.application.acting import save, staff_of
from gateway.application.store import Store
from gateway.application.team_check import demand_teams
from gateway.domain.text import clean_reason
from gateway.domain.user import User


@dataclass(frozen=True)
class ChangeUserStatus:
    """`role` and `teams` belong to `active`: None leaves them as they are."""

    user_id: UUID
    status: Literal["active", "suspended"]
    role: Role | None = None
    teams: tuple[UUID, ...] | None = None
    reason: str | None = field(default=None, repr=False)


class ChangeUserStatusHandler:
    """Approve, reinstate, change role or suspend, as the account's state and the fields ask.

    Repeating it changes nothing. A suspended one's sessions end in the same transaction; another
    role bites with the next look at his session, which gets another token then. Raises NotFound,
    Forbidden and its kinds, WrongState, LastAdmin, UnknownTeam, InvalidInput.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: ChangeUserStatus, caller: Caller) -> None:
        by, now = staff_of(caller), self._clock.now()
        async with self._store.work(caller.origin) as work:
            user: User = await work.users.get(command.user_id)
            user.guard(by, makes=command.role)
            await work.once()
            admins = await work.users.active_admins()
            if command.status == "active":
                await demand_teams(work, command.teams)
                user.activate(by, role=command.role, teams=command.teams, admins=admins, at=now)
                if user.pending:
                    await work.sessions.rotate_later(user.user_id)
            else:
                await work.credentials.hold(user.user_id)
                user.suspend(by, reason=clean_reason(command.reason), admins=admins, at=now)
                await work.sessions.end_all(user.user_id, now)
                await work.devices.end_all(user.user_id, now)
            save(work, user)
            work.answer(None)

"""A manager or admin says which teams someone belongs to."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import save, staff_of
from gateway.application.store import Store
from gateway.application.team_check import demand_teams


@dataclass(frozen=True)
class SetUserTeams:
    """The whole list."""

    user_id: UUID
    teams: tuple[UUID, ...]


class SetUserTeamsHandler:
    """His teams are these now, and his sessions get another token; repeating it changes nothing.

    Raises NotFound, Forbidden, AdminUntouchable, WrongState before approval, UnknownTeam.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: SetUserTeams, caller: Caller) -> None:
        by, now = staff_of(caller), self._clock.now()
        async with self._store.work(caller.origin) as work:
            await work.once()
            user = await work.users.get(command.user_id)
            await demand_teams(work, command.teams)
            user.set_teams(by, command.teams, now)
            if user.pending:
                await work.sessions.rotate_later(user.user_id)
            save(work, user)
            work.answer(None)

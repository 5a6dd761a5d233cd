"""An admin makes a team."""

from dataclasses import dataclass

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from gateway.application.acting import demand_admin
from gateway.application.ports import TeamRow
from gateway.application.store import Store
from gateway.domain.team import Team
from gateway.domain.text import NAME_LIMIT, clean_line


@dataclass(frozen=True)
class CreateTeam:
    """`restricted`: its tickets are seen by its members, managers and admins only."""

    title: str
    restricted: bool


class CreateTeamHandler:
    """A team without members. Raises InvalidInput, Forbidden for anyone but an admin."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: CreateTeam, caller: Caller) -> TeamRow:
        demand_admin(caller)
        title, now = clean_line(command.title, limit=NAME_LIMIT, field="title"), self._clock.now()
        async with self._store.work(caller.origin) as work:
            await work.once()
            team = Team.create(new_id(), title, restricted=command.restricted, at=now)
            work.teams.save(team)
            work.audit("team_created", at=now, target=f"team:{team.team_id}")
            return work.answer(TeamRow(team.team_id, team.title, team.restricted))

"""An admin gives a team another title, or restricts or opens it."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import demand_admin
from gateway.application.ports import TeamRow
from gateway.application.store import Store
from gateway.domain.errors import NotFound
from gateway.domain.text import NAME_LIMIT, clean_line


@dataclass(frozen=True)
class ChangeTeam:
    """Both, as they are to be."""

    team_id: UUID
    title: str
    restricted: bool


class ChangeTeamHandler:
    """Title and restriction are these now; repeating it changes nothing.

    Raises NotFound, InvalidInput, Forbidden for anyone but an admin.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: ChangeTeam, caller: Caller) -> TeamRow:
        demand_admin(caller)
        title, now = clean_line(command.title, limit=NAME_LIMIT, field="title"), self._clock.now()
        async with self._store.work(caller.origin) as work:
            await work.once()
            team = await work.teams.find(command.team_id)
            if team is None:
                raise NotFound("no such team")
            team.change(title, restricted=command.restricted, at=now)
            if team.pending:
                work.teams.save(team)
                work.audit("team_changed", at=now, target=f"team:{team.team_id}")
            return work.answer(TeamRow(team.team_id, team.title, team.restricted))

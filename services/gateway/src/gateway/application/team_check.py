"""Teams that were named must exist."""

from uuid import UUID

from gateway.application.store import GatewayWork
from gateway.domain.errors import UnknownTeam


async def demand_teams(work: GatewayWork, teams: tuple[UUID, ...] | None) -> None:
    """Raises UnknownTeam where one of them does not exist."""
    if teams and await work.teams.missing(teams):
        raise UnknownTeam("one of the teams does not exist", field="teams")

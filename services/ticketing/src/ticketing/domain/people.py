"""What a decision needs to know of people and teams, as arguments."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_events.gateway.user import Role

WORKING: frozenset[Role] = frozenset({"agent", "manager", "admin"})
EVERYWHERE: frozenset[Role] = frozenset({"manager", "admin"})


@dataclass(frozen=True)
class Person:
    """A staff member as ticketing knows him from the gateway's events."""

    id: UUID
    name: str
    email: str
    role: Role | None
    active: bool
    teams: frozenset[UUID]

    def can_work(self) -> bool:
        """Active, and agent or above."""
        return self.active and self.role in WORKING

    def sees_team(self, team_id: UUID) -> bool:
        """Even where the team is restricted."""
        return team_id in self.teams or self.role in EVERYWHERE


@dataclass(frozen=True)
class Team:
    """A team as ticketing knows it."""

    id: UUID
    title: str
    restricted: bool

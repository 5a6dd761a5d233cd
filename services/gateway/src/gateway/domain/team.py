"""Teams. A restricted one is visible to its members, managers and admins only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.gateway.team import (
    SUPPORT_TEAM_ID,
    TeamChangedV1,
    TeamCreatedV1,
    TeamEvent,
)
from gateway.domain.errors import NotFound

SUPPORT_TITLE = "Support"


@dataclass
class Team:
    """Folded from its stream. `version` is that of the last stored event."""

    team_id: UUID
    title: str = ""
    restricted: bool = False
    version: int = 0
    pending: list[TeamEvent] = field(default_factory=list)

    @classmethod
    def create(cls, team_id: UUID, title: str, *, restricted: bool, at: datetime) -> "Team":
        """A new team."""
        team = cls(team_id)
        team._record(TeamCreatedV1(at=at, team_id=team_id, title=title, restricted=restricted))
        return team

    @classmethod
    def support(cls, title: str, at: datetime) -> "Team":
        """The team that exists from the start."""
        return cls.create(SUPPORT_TEAM_ID, title, restricted=False, at=at)

    @classmethod
    def fold(cls, team_id: UUID, events: Iterable[Event]) -> "Team":
        """From its stream. Raises NotFound for an empty one."""
        team = cls(team_id)
        for event in events:
            team._apply(event)
            team.version += 1
        if team.version == 0:
            raise NotFound("no such team")
        return team

    def change(self, title: str, *, restricted: bool, at: datetime) -> None:
        """Title and restriction are these now. Nothing happens if they are."""
        if (title, restricted) != (self.title, self.restricted):
            self._record(
                TeamChangedV1(at=at, team_id=self.team_id, title=title, restricted=restricted)
            )

    def _record(self, event: TeamEvent) -> None:
        self._apply(event)
        self.pending.append(event)

    def _apply(self, event: Event) -> None:
        match event:
            case TeamCreatedV1() | TeamChangedV1():
                self.title, self.restricted = event.title, event.restricted

"""Teams. Key: team id."""

from uuid import UUID

from deskstream_events.event import Event, registry

SUPPORT_TEAM_ID = UUID("00000000-0000-7000-8000-000000000001")
"""The team Support exists from the start, under the same id in every installation, so that a
ticket without a team has one before the first event about teams has travelled."""


class TeamEvent(Event):
    """What every event of a team carries."""

    team_id: UUID


@registry.event("gateway.team.created.v1")
class TeamCreatedV1(TeamEvent):
    """A team exists. Tickets of a restricted one are seen by members, managers and admins only."""

    title: str
    restricted: bool


@registry.event("gateway.team.changed.v1")
class TeamChangedV1(TeamEvent):
    """Its title or its restriction is this now."""

    title: str
    restricted: bool

"""The one kind of event that store and relay drills append."""

from datetime import UTC, datetime
from uuid import UUID

from deskstream_events import topics
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Origin

ORIGIN = Origin("system:drill", "c-1")
STREAM_TYPE = "gateway.team"
TOPIC = topics.TEAMS


def changed(stream: UUID, title: str) -> TeamChangedV1:
    """An event that can be told from every other by its title."""
    return TeamChangedV1(at=datetime.now(UTC), team_id=stream, title=title, restricted=False)

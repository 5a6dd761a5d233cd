"""A newer version of a program, which knows one more type of event, replays a dead letter."""

import asyncio
from uuid import UUID

from drills.actors.telling import order, settings, tell
from drills.following_up import follower

from deskstream_events.event import registry
from deskstream_events.gateway.team import TeamEvent
from deskstream_eventstore import Database, SubjectHasher, replay_dead_letter
from deskstream_eventstore.testing import KEY


@registry.event("gateway.team.sneezed.v1")
class TeamSneezedV1(TeamEvent):
    """What the older version did not know yet."""

    title: str


async def main() -> None:
    """Replay as often as told."""
    said = settings()
    database = await Database.connect(
        said["dsn"], size=2, name="drill-replay", subjects=SubjectHasher(KEY)
    )
    tell("up")
    while await order() is not None:
        done = await replay_dead_letter(
            database, [follower()], UUID(said["letter"]), actor="user:drill", reason="known now"
        )
        tell("replayed", outcome=done.outcome, applied=done.applied, left=done.left)


if __name__ == "__main__":
    asyncio.run(main())

"""The team Support exists from the start."""

from contextlib import suppress
from dataclasses import dataclass

from deskstream_chassis.caller import Caller, system_caller
from deskstream_chassis.clock import Clock
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_eventstore import Conflict
from gateway.application.acting import OPERATOR_NAME
from gateway.application.store import Store
from gateway.domain.team import SUPPORT_TITLE, Team


@dataclass(frozen=True)
class EnsureSupport:
    """`title` is for a new installation; an existing team keeps its own."""

    title: str = SUPPORT_TITLE


class EnsureSupportHandler:
    """Creates the team Support where it is missing; called at every start, by every process.

    Raises the store's Conflict where another process was faster: then it exists.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: EnsureSupport, caller: Caller) -> None:
        async with self._store.work(caller.origin) as work:
            if await work.teams.find(SUPPORT_TEAM_ID) is None:
                work.teams.save(Team.support(command.title, self._clock.now()))


async def ensured(handler: EnsureSupportHandler) -> None:
    """At the start of a process: the team exists, unless another process was faster."""
    with suppress(Conflict):
        await system_caller(OPERATOR_NAME).once(handler, EnsureSupport(), type(None))

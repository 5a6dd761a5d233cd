"""Close what was solved long ago: the timer's use case."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Index
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.timed import Due, one_due
from ticketing.domain.silence import close_after

CALLER = "ticketing.silence"


class CloseSilent:
    """Any number of processes may do this at once; each ticket is closed once."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        index: Index,
        clock: Clock,
        silence: timedelta,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._clock = clock
        self._silence = silence

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Close one that is due, but none of `leave`; False where there is none. Raises
        StepFailed."""

        async def take(work: Work) -> Due | None:
            return await self._index.take_solved_before(
                work, self._clock.now() - self._silence, leave
            )

        return await one_due(self._database, system_caller(CALLER), take, self._close)

    async def _close(self, work: Work, due: Due) -> None:
        loaded = await self._tickets.get(work, due[0], system_caller(CALLER).actor, "modify")
        events = close_after(loaded.ticket, self._silence, self._clock.now())
        if events:
            work.append(STREAM, loaded.ticket.id, loaded.ticket.version, events)

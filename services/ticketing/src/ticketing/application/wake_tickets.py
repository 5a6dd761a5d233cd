"""Bring snoozed tickets back into sight: the timer's use case."""

from collections.abc import Collection
from uuid import UUID

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Index
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.timed import Due, one_due
from ticketing.domain.snooze import wake

CALLER = "ticketing.snooze"


class WakeTickets:
    """Any number of processes may do this at once; each snooze ends once."""

    def __init__(self, database: Database, tickets: Tickets, index: Index, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._clock = clock

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Wake one that is due, but none of `leave`; False where there is none. Raises
        StepFailed."""

        async def take(work: Work) -> Due | None:
            return await self._index.take_due_snooze(work, self._clock.now(), leave)

        return await one_due(self._database, system_caller(CALLER), take, self._wake)

    async def _wake(self, work: Work, due: Due) -> None:
        loaded = await self._tickets.get(work, due[0], system_caller(CALLER).actor, "modify")
        events = wake(loaded.ticket, self._clock.now())
        if events:
            work.append(STREAM, loaded.ticket.id, loaded.ticket.version, events)

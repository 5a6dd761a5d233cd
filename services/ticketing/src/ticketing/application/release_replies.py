"""Release replies whose undo window is over: the timer's use case."""

from collections.abc import Collection
from uuid import UUID

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Index
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.timed import Due, one_due
from ticketing.domain.replies import release_reply

CALLER = "ticketing.undo"


class ReleaseReplies:
    """Any number of processes may do this at once; each reply is released once."""

    def __init__(self, database: Database, tickets: Tickets, index: Index, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._clock = clock

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Release one that is due, but none of `leave`; False where there is none. Raises
        StepFailed."""

        async def take(work: Work) -> Due | None:
            return await self._index.take_due_reply(work, self._clock.now(), leave)

        return await one_due(self._database, system_caller(CALLER), take, self._release)

    async def _release(self, work: Work, due: Due) -> None:
        ticket_id, reply_id = due
        actor = system_caller(CALLER).actor
        loaded = await self._tickets.get(work, ticket_id, actor, "modify")
        events = release_reply(loaded.ticket, reply_id, self._clock.now())
        if events:
            cause = loaded.origin_of_reply(reply_id, actor.ref)
            work.append(STREAM, ticket_id, loaded.ticket.version, events, caused_by=cause)

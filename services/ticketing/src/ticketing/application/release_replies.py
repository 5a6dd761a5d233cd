"""Release replies whose undo window is over: the timer's use case."""

from collections.abc import Collection
from uuid import UUID

from deskstream_chassis.caller import Caller, system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Conflict, Database, Work
from ticketing.application.ports import Index
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.replies import release_reply


class ReleaseFailed(Exception):
    """One due reply could not be released; its cause says why. The others still can."""

    def __init__(self, reply_id: UUID) -> None:
        super().__init__(str(reply_id))
        self.reply_id = reply_id


class ReleaseReplies:
    """Any number of processes may do this at once; each reply is released once."""

    def __init__(self, database: Database, tickets: Tickets, index: Index, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._clock = clock

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Release one that is due, but none of `leave`; False where there is none.

        A race that was lost (it was taken back at this moment) counts as done: the next call sees
        what came of it. Raises ReleaseFailed.
        """
        caller = system_caller("ticketing.undo")
        reply_id: UUID | None = None
        try:
            async with self._database.work(caller.origin) as work:
                due = await self._index.take_due_reply(work, self._clock.now(), leave)
                if due is None:
                    return False
                ticket_id, reply_id = due
                await self._release(work, ticket_id, reply_id, caller)
        except Conflict:
            return True
        except Exception as error:
            if reply_id is None:
                raise
            raise ReleaseFailed(reply_id) from error
        return True

    async def _release(self, work: Work, ticket_id: UUID, reply_id: UUID, caller: Caller) -> None:
        loaded = await self._tickets.get(work, ticket_id, caller.actor, "modify")
        events = release_reply(loaded.ticket, reply_id, self._clock.now())
        if events:
            cause = loaded.origin_of_reply(reply_id, caller.actor.ref)
            work.append(STREAM, ticket_id, loaded.ticket.version, events, caused_by=cause)

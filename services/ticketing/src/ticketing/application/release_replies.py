"""Release replies whose undo window is over: the timer's use case."""

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Conflict, Database
from ticketing.application.ports import Index
from ticketing.application.tickets import STREAM, Tickets
from ticketing.domain.replies import release_reply


class ReleaseReplies:
    """Any number of processes may do this at once; each reply is released once."""

    def __init__(self, database: Database, tickets: Tickets, index: Index, clock: Clock) -> None:
        self._database = database
        self._tickets = tickets
        self._index = index
        self._clock = clock

    async def __call__(self) -> bool:
        """Release one that is due; False where none is. A race that was lost (it was taken back
        at this moment) counts as done: the next call sees what came of it."""
        caller = system_caller("ticketing.undo")
        try:
            async with self._database.work(caller.origin) as work:
                now = self._clock.now()
                due = await self._index.take_due_reply(work, now)
                if due is None:
                    return False
                ticket_id, reply_id = due
                ticket = (await self._tickets.get(work, ticket_id, caller.actor, "modify")).ticket
                events = release_reply(ticket, reply_id, now)
                if events:
                    work.append(STREAM, ticket.id, ticket.version, events)
        except Conflict:
            return True
        return True

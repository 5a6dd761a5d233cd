"""Send replies whose time has come: the timer's use case."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Directory, Index
from ticketing.application.reply_to_ticket import stranger
from ticketing.application.tickets import STREAM, Tickets
from ticketing.application.timed import Due, one_due
from ticketing.domain.reply_changes import send_scheduled

CALLER = "ticketing.schedule"


class SendScheduled:
    """Any number of processes may do this at once; each reply is sent once."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        index: Index,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._index = index
        self._clock = clock

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Send one that is due, but none of `leave`; False where there is none. Raises
        StepFailed."""

        async def take(work: Work) -> Due | None:
            return await self._index.take_due_scheduled(work, self._clock.now(), leave)

        return await one_due(self._database, system_caller(CALLER), take, self._send)

    async def _send(self, work: Work, due: Due) -> None:
        ticket_id, reply_id = due
        actor = system_caller(CALLER).actor
        loaded = await self._tickets.get(work, ticket_id, actor, "modify")
        holder = loaded.ticket
        author_id = holder.replies[reply_id].author_id
        author = await self._directory.person(work, author_id) or stranger(author_id)
        files = {**loaded.whole.attachments, **holder.attachments}
        shown = replace(loaded.whole, attachments=files)
        events = send_scheduled(holder, shown, reply_id, author=author, at=self._clock.now())
        if events:
            cause = loaded.origin_of_reply(reply_id, actor.ref)
            work.append(STREAM, ticket_id, holder.version, events, caused_by=cause)

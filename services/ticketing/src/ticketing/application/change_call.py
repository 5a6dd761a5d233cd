"""Write down what a call was about, and say which ticket it belongs to."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_events.event import Event
from deskstream_events.ticketing.call import CallAnnotatedV1
from deskstream_eventstore import Database
from ticketing.application.calls import STREAM, Calls
from ticketing.application.ports import TicketRef
from ticketing.application.tickets import Tickets
from ticketing.domain.calls import link
from ticketing.domain.guards import present


@dataclass(frozen=True)
class ChangeCall:
    """One of the two, or both."""

    call_id: UUID
    note: str | None
    ticket: TicketRef | None


@dataclass(frozen=True)
class CallStood:
    """Where a call stands after a command."""

    id: UUID
    ticket_id: UUID | None
    version: int


class ChangeCallHandler:
    """Needs no version: a note takes nothing from another."""

    def __init__(self, database: Database, calls: Calls, tickets: Tickets, clock: Clock) -> None:
        self._database, self._calls = database, calls
        self._tickets, self._clock = tickets, clock

    async def __call__(self, command: ChangeCall, caller: Caller) -> CallStood:
        """Who links may modify both ends. Raises AccessDenied, TicketDeleted, TicketMerged."""
        actor = caller.actor
        assert actor.user_id is not None, "the route admits staff only"
        async with self._database.work(caller.origin) as work:
            call = await self._calls.get(work, command.call_id, actor, "modify")
            target = call.ticket_id
            if command.ticket is not None:
                ticket = (await self._tickets.get(work, command.ticket, actor, "modify")).ticket
                present(ticket)
                target = ticket.id
            await work.once()
            at = self._clock.now()
            events: list[Event] = []
            if command.note is not None:
                events.append(
                    CallAnnotatedV1(
                        call_id=call.id,
                        at=at,
                        note_id=new_id(),
                        author_id=actor.user_id,
                        text=command.note,
                    )
                )
            if target is not None:
                events += link(call, target, by=actor.ref, at=at)
            work.append(STREAM, call.id, call.version, events)
            return work.answer(CallStood(call.id, target, call.version + len(events)))

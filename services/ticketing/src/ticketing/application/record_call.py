"""Take a report of a call: once, however often it comes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_events.event import Event
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.ticketing.call import CallRecordedV1, Direction, Outcome
from deskstream_eventstore import Database, Work
from ticketing.application.calls import STREAM, CallLists, Phones
from ticketing.application.families import stored
from ticketing.application.ports import Cleaner, Directory, Index, RawBody
from ticketing.application.tickets import STREAM as TICKETS
from ticketing.application.tickets import Tickets
from ticketing.domain.calls import Call, caller_of, fold_call, link, needs_somebody
from ticketing.domain.changes import Opening, open_ticket
from ticketing.domain.notes import add_note


@dataclass(frozen=True)
class RecordCall:
    """A call as the telephone system tells it; None is what it does not know."""

    direction: Direction
    outcome: Outcome
    phone: str | None
    caller_name: str | None
    extension: str | None
    agent_email: str | None
    started_at: datetime
    seconds: int


@dataclass(frozen=True)
class CallKept:
    """The call of the report."""

    id: UUID


class RecordCallHandler:
    """Policy: a missed call of a customer becomes a note on the newest ticket that is still worked
    on and has a call from his number, else a new ticket."""

    def __init__(
        self,
        database: Database,
        tickets: Tickets,
        directory: Directory,
        index: Index,
        lists: CallLists,
        phones: Phones,
        clean: Cleaner,
        clock: Clock,
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._directory = directory
        self._index = index
        self._lists = lists
        self._phones = phones
        self._clean = clean
        self._clock = clock

    async def __call__(self, report: RecordCall, caller: Caller) -> CallKept:
        """A report of a call that is known changes nothing."""
        async with self._database.work(caller.origin) as work:
            await work.once()
            phone, call_id = self._phones(report.phone), new_id()
            kept = await self._lists.claim(work, self._digest(report, phone), call_id)
            if kept == call_id:
                await self._record(work, report, phone, call_id, caller.actor.ref)
            return work.answer(CallKept(kept))

    def _digest(self, report: RecordCall, phone: str | None) -> str:
        """Start, extension, number and kind make a call this one: it is told without an id."""
        start = report.started_at.astimezone(UTC).isoformat()
        parts = (start, report.extension, phone, report.direction, report.outcome)
        return self._database.subjects.hash(f"call:{'|'.join(part or '' for part in parts)}")

    async def _record(
        self, work: Work, report: RecordCall, phone: str | None, call_id: UUID, by: str
    ) -> None:
        agent = None
        if report.agent_email is not None:
            agent = await self._directory.person_by_email(work, report.agent_email)
        recorded = CallRecordedV1(
            call_id=call_id,
            at=self._clock.now(),
            direction=report.direction,
            outcome=report.outcome,
            phone=phone,
            caller_name=report.caller_name,
            agent_id=agent.id if agent else None,
            extension=report.extension,
            started_at=report.started_at,
            seconds=report.seconds,
            team_id=SUPPORT_TEAM_ID,
        )
        call = fold_call([(1, recorded)])
        assert call is not None
        events: tuple[Event, ...] = (recorded,)
        if needs_somebody(call):
            ticket_id = await self._tell(work, call, by)
            events += link(call, ticket_id, by=by, at=recorded.at)
        work.append(STREAM, call.id, 0, events)

    async def _tell(self, work: Work, call: Call, by: str) -> UUID:
        at, who = self._clock.now(), caller_of(call)
        missed = f"Missed call from {who} at {call.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
        body = self._clean(RawBody(text=missed))
        known = await self._lists.open_ticket_of(work, call.phone) if call.phone else None
        if known is not None:
            ticket = await stored(work, known)
            note = add_note(
                ticket, body, note_id=new_id(), author_id=None, attachment_ids=(), at=at
            )
            work.append(TICKETS, known, ticket.version, note)
            return known
        opening = Opening(
            ticket_id=new_id(),
            number=await self._index.next_number(work),
            message_id=new_id(),
            channel="phone",
            subject=f"Missed call from {who}",
            body=body,
            requester_name=call.caller_name or call.phone,
            requester_email=None,
            cc=(),
            team=await self._tickets.team(work, call.team_id),
            priority="normal",
            tags=(),
            assignee=None,
            by=by,
        )
        work.append(TICKETS, opening.ticket_id, 0, open_ticket(opening, at))
        return opening.ticket_id

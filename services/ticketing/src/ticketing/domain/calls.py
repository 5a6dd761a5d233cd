"""A call: its stream folded, and what may happen to it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.call import (
    CallAnnotatedV1,
    CallLinkedV1,
    CallRecordedV1,
    Direction,
    Outcome,
)


@dataclass(frozen=True)
class CallNote:
    """What somebody wrote down about it."""

    id: UUID
    author_id: UUID
    text: str
    at: datetime


@dataclass(frozen=True)
class Call:
    """As it stands after `version` facts."""

    id: UUID
    version: int
    direction: Direction
    outcome: Outcome
    phone: str | None
    caller_name: str | None
    agent_id: UUID | None
    extension: str | None
    started_at: datetime
    seconds: int
    team_id: UUID
    ticket_id: UUID | None = None
    notes: tuple[CallNote, ...] = ()


def fold_call(facts: Iterable[tuple[int, Event]]) -> Call | None:
    """None where nothing was recorded."""
    call: Call | None = None
    for version, event in facts:
        match event:
            case CallRecordedV1():
                told = event.model_dump(exclude={"call_id", "at"})
                call = Call(id=event.call_id, version=version, **told)
            case CallAnnotatedV1() if call is not None:
                note = CallNote(event.note_id, event.author_id, event.text, event.at)
                call = replace(call, version=version, notes=(*call.notes, note))
            case CallLinkedV1() if call is not None:
                call = replace(call, version=version, ticket_id=event.ticket_id)
            case _:
                pass
    return call


def link(call: Call, ticket_id: UUID, *, by: str, at: datetime) -> tuple[Event, ...]:
    """Nothing where it belongs there already."""
    if call.ticket_id == ticket_id:
        return ()
    linked = CallLinkedV1(
        call_id=call.id, at=at, ticket_id=ticket_id, previous_id=call.ticket_id, linked_by=by
    )
    return (linked,)


def needs_somebody(call: Call) -> bool:
    """Whether a customer wanted to speak to us and did not."""
    return call.direction == "inbound" and call.outcome == "missed"


def caller_of(call: Call) -> str:
    """How people say who it was."""
    named = [part for part in (call.caller_name, call.phone) if part]
    return ", ".join(named) or "a withheld number"

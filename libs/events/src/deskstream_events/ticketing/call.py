"""Calls, as the telephone system reports them once they are over. Key: call id."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import Event, Instant, PersonalText, registry

Direction = Literal["inbound", "outbound"]
Outcome = Literal["answered", "missed"]


class CallEvent(Event):
    """What every event of a call carries."""

    call_id: UUID


@registry.event("ticketing.call.recorded.v1")
class CallRecordedV1(CallEvent):
    """A call took place. `phone` is the other side's: E.164 where it is a telephone number, else as
    it was told, None where it was withheld."""

    direction: Direction
    outcome: Outcome
    phone: PersonalText | None = None
    caller_name: PersonalText | None = None
    agent_id: UUID | None = None
    """Whose telephone it was, where that is one of the staff."""
    extension: str | None = None
    started_at: Instant
    seconds: int = 0
    team_id: UUID
    """Whose call it is while no ticket has it."""

    def people(self) -> tuple[str, ...]:
        return (f"phone:{self.phone}",) if self.phone else ()


@registry.event("ticketing.call.annotated.v1")
class CallAnnotatedV1(CallEvent):
    """Somebody wrote down what it was about; for staff only."""

    note_id: UUID
    author_id: UUID
    text: PersonalText


@registry.event("ticketing.call.linked.v1")
class CallLinkedV1(CallEvent):
    """It belongs to this ticket now: who sees the ticket sees the call."""

    ticket_id: UUID
    previous_id: UUID | None = None
    linked_by: str

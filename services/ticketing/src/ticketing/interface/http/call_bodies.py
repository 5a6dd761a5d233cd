"""What is told about calls, and how they are shown."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from deskstream_chassis.access import Actor
from deskstream_chassis.http.pages import MAX_LIMIT, Cursors
from deskstream_events.event import Instant
from deskstream_events.ticketing.call import Direction, Outcome
from ticketing.application.calls import CallFilters, CallPosition, CallRow, ShownCall
from ticketing.application.change_call import ChangeCall
from ticketing.application.record_call import RecordCall
from ticketing.interface.http.answer import Answer, Time
from ticketing.interface.http.fields import Name, Strict, TicketKey, ticket_ref

_VARIABLE = re.compile(r"\[\w+\]")
_SPAN = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)")
_KINDS: dict[str, tuple[Direction, Outcome]] = {
    "inbound": ("inbound", "answered"),
    "outbound": ("outbound", "answered"),
    "missed": ("inbound", "missed"),
    "notanswered": ("outbound", "missed"),
}


def _told(value: object) -> object:
    """A variable that the telephone system did not fill in stays as it is written."""
    if isinstance(value, str) and (not value.strip() or _VARIABLE.fullmatch(value.strip())):
        return None
    return value


def _seconds(value: object) -> object:
    span = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if span is None:
        return value
    hours, minutes, seconds = (int(part) for part in span.groups())
    return (hours * 60 + minutes) * 60 + seconds


def _start(value: datetime) -> datetime:
    if not 2000 <= value.year < 2200:
        raise ValueError("is no time at which anybody called us")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Told = Annotated[Name | None, BeforeValidator(_told)]
Seconds = Annotated[
    Annotated[int, Field(ge=0, le=10_000_000), BeforeValidator(_seconds)] | None,
    BeforeValidator(_told),
]


class ReportIn(BaseModel):
    """POST /api/telephony/3cx: the variables of 3CX's ReportCall, by their names. Others are not
    looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Annotated[
        Literal["inbound", "outbound", "missed", "notanswered"],
        BeforeValidator(lambda told: told.strip().casefold() if isinstance(told, str) else told),
        Field(alias="CallType"),
    ]
    started_at: Annotated[datetime, AfterValidator(_start), Field(alias="CallStartTimeUTC")]
    number: Annotated[Told, Field(alias="Number")] = None
    name: Annotated[Told, Field(alias="Name")] = None
    agent: Annotated[Told, Field(alias="Agent")] = None
    agent_email: Annotated[Told, Field(alias="AgentEmail")] = None
    duration: Annotated[Seconds, Field(alias="Duration")] = None

    def command(self) -> RecordCall:
        """What is meant."""
        direction, outcome = _KINDS[self.kind]
        return RecordCall(
            direction=direction,
            outcome=outcome,
            phone=self.number,
            caller_name=self.name,
            extension=self.agent,
            agent_email=self.agent_email,
            started_at=self.started_at,
            seconds=self.duration or 0,
        )


class CallKeptOut(Answer):
    """Which call it is; the same for a repeat."""

    id: UUID


_NOTE_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _note(value: str) -> str:
    text = _NOTE_CONTROL.sub("", value).strip()
    if not text:
        raise ValueError("must not be empty")
    return text


class ChangeCallIn(Strict):
    """PATCH /api/calls/{id}."""

    note: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_note)] | None = None
    ticket: TicketKey | None = None
    """The ticket it belongs to, by id or number."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.note is None and self.ticket is None:
            raise ValueError("note or ticket is needed")
        return self

    def command(self, call_id: UUID) -> ChangeCall:
        """What is meant."""
        return ChangeCall(call_id, self.note, ticket_ref(self.ticket) if self.ticket else None)


cursors: Cursors[CallPosition] = Cursors("calls", CallPosition)  # type: ignore[arg-type]


class CallQuery(Strict):
    """Query of GET /api/calls; a name that is not here is an error."""

    direction: Direction | None = None
    outcome: Outcome | None = None
    agent: UUID | Literal["me"] | None = None
    ticket: UUID | None = None
    linked: bool | None = None
    phone: Name | None = None
    since: Instant | None = None
    before: Instant | None = None
    cursor: Annotated[str | None, Field(max_length=1000)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 50

    def filters(self, actor: Actor) -> CallFilters:
        """What is meant; `me` is the caller."""
        asked: dict[str, Any] = {name: getattr(self, name) for name in vars(CallFilters())}
        return CallFilters(**asked | {"agent": actor.user_id if self.agent == "me" else self.agent})

    def after(self) -> CallPosition | None:
        """Where the page begins. Raises Problem 422 for a cursor of another list."""
        return cursors.read(self.cursor, self._fixed())

    def cursor_of(self, row: CallRow) -> str:
        """The cursor behind this row."""
        return cursors.write((row.started_at, row.id), self._fixed())

    def _fixed(self) -> object:
        return self.model_dump(mode="json", exclude={"cursor", "limit"})


class CallRowOut(Answer):
    """A call in a list; `phone` and `caller_name` are the other side's."""

    id: UUID
    direction: Direction
    outcome: Outcome
    phone: str | None
    caller_name: str | None
    agent_id: UUID | None
    extension: str | None
    started_at: Time
    seconds: int
    ticket_id: UUID | None


class CallNoteOut(Answer):
    """What somebody wrote down."""

    id: UUID
    author_id: UUID
    author_name: str | None
    text: str
    at: Time


class CallOut(CallRowOut):
    """The whole call; viewers get no notes."""

    agent_name: str | None
    notes: list[CallNoteOut]

    @classmethod
    def shown(cls, shown: ShownCall) -> Self:
        """As one may see it."""
        call, names = shown.call, shown.names
        row = CallRowOut.model_validate(call).model_dump()
        notes = [
            CallNoteOut(**vars(note), author_name=names.get(note.author_id)) for note in call.notes
        ]
        agent = names.get(call.agent_id) if call.agent_id else None
        return cls(**row, agent_name=agent, notes=notes)

"""Bodies and answers of operations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from gateway.application.service_operations import (
    ConsumerLag,
    DeadLetter,
    Effect,
    RelayLag,
    Replay,
    Verdict,
)
from gateway.application.watch_services import Line, ParkedStream, Watched
from gateway.interface.http.schemas import Body

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Decided(Body):
    """Why; it is kept with the name of who asks."""

    reason: Reason


class ParkedReplay(Decided):
    """Without `consumer`: for each that parked the stream."""

    consumer: Annotated[str, StringConstraints(max_length=100)] | None = None


class Resolution(Decided):
    """What became of a held effect: it happened, or it is to be tried once more."""

    outcome: Verdict


class QuarantinedAnswer(BaseModel):
    """A mail that waits for a person. `size` in bytes, `files` their number."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    cause: str
    mailbox: str
    from_email: str | None
    subject: str
    size: int
    files: int
    at: datetime


class RelayLine(BaseModel):
    """What a service has still to publish."""

    kind: Literal["relay"] = "relay"
    service: str
    unpublished: int
    oldest_age_seconds: float
    held: int


class ConsumerLine(BaseModel):
    """How far a consumer is. `lag` None: the log does not answer."""

    kind: Literal["consumer"] = "consumer"
    service: str
    consumer: str
    lag: int | None
    idle_seconds: float | None
    parked: int
    dead_letters: int


class ParkedLine(BaseModel):
    """A stream that waits, by its id, with the event that stopped it; personal data is masked."""

    kind: Literal["parked"] = "parked"
    service: str
    id: UUID
    consumer: str
    version: int
    type: str
    event_id: str
    error_code: str
    attempts: int
    events: int
    at: datetime
    data: dict[str, Any]


class DeadLetterLine(BaseModel):
    """A record that could not be read; its bytes are not shown."""

    kind: Literal["dead_letter"] = "dead_letter"
    service: str
    id: UUID
    consumer: str
    topic: str
    partition: int
    offset: int
    error_code: str
    at: datetime
    headers: dict[str, str]
    size: int
    sha256: str


StreamLine = RelayLine | ConsumerLine | ParkedLine | DeadLetterLine


class Streams(BaseModel):
    """`partial` names the services that did not answer, each with a code."""

    items: list[StreamLine]
    partial: dict[str, str]
    next: str | None = None


class EffectLine(BaseModel):
    """An outside effect; `id` None: only the service's own command line can decide it."""

    service: str
    id: UUID | None
    kind: str
    status: str
    code: str | None
    attempts: int
    stream_type: str | None
    stream_id: UUID | None
    created_at: datetime
    next_try_at: datetime


class Effects(BaseModel):
    """`partial` names the services that did not answer, each with a code."""

    items: list[EffectLine]
    partial: dict[str, str]
    next: str | None = None


class ReplayAnswer(BaseModel):
    """`applied` events; `left` still parked, the first of them for `error_code`. `known`: it had
    been applied before."""

    consumer: str | None = None
    outcome: Literal["applied", "parked", "known"]
    applied: int
    left: int
    error_code: str | None

    @classmethod
    def of(cls, done: Replay, consumer: str | None = None) -> "ReplayAnswer":
        """From what the service says."""
        return cls(
            consumer=consumer,
            outcome=done.outcome,
            applied=done.applied,
            left=done.left,
            error_code=done.error_code,
        )


class Replays(BaseModel):
    """By consumer."""

    items: list[ReplayAnswer]


class ResolvedAnswer(BaseModel):
    """The effect's status from now on."""

    id: UUID
    service: str
    status: str


def stream_line(line: Line[Watched]) -> StreamLine:
    """One line of the list."""
    match line.what:
        case RelayLag() as relay:
            return RelayLine(service=line.service, **vars(relay))
        case ConsumerLag() as consumer:
            return ConsumerLine(service=line.service, **vars(consumer))
        case DeadLetter() as letter:
            return DeadLetterLine(service=line.service, **vars(letter))
        case ParkedStream(first=first, events=events):
            return ParkedLine(
                service=line.service,
                id=first.stream_id,
                consumer=first.consumer,
                version=first.version,
                type=first.type,
                event_id=first.event_id,
                error_code=first.error_code,
                attempts=first.attempts,
                events=events,
                at=first.parked_at,
                data=first.data,
            )


def effect_line(line: Line[Effect]) -> EffectLine:
    """One line of the list."""
    effect = line.what
    return EffectLine(
        service=line.service,
        id=effect.effect_id,
        kind=effect.kind,
        status=effect.status,
        code=effect.code,
        attempts=effect.attempts,
        stream_type=effect.stream_type,
        stream_id=effect.stream_id,
        created_at=effect.created_at,
        next_try_at=effect.next_try_at,
    )

"""What the gateway asks of a service's own store: what is late, set aside or unsure, and decisions.

Each service masks personal data before it tells; nothing here asks it to reveal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

Verdict = Literal["happened", "again"]
EffectStatus = Literal["held", "sending", "failed", "pending"]


class ServiceSilent(Exception):
    """A service did not tell; whether a decision reached it is not known. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class RelayLag:
    """What waits to be published."""

    unpublished: int
    oldest_age_seconds: float
    held: int


@dataclass(frozen=True)
class ConsumerLag:
    """How far a consumer is, and how many events and letters are set aside."""

    consumer: str
    parked: int
    dead_letters: int
    lag: int | None
    idle_seconds: float | None


@dataclass(frozen=True)
class Lag:
    """Of one service."""

    relay: RelayLag
    consumers: tuple[ConsumerLag, ...]


@dataclass(frozen=True)
class ParkedEvent:
    """One event that waits; personal fields of `data` are masked."""

    consumer: str
    stream_id: UUID
    version: int
    type: str
    event_id: str
    error_code: str
    attempts: int
    parked_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class DeadLetter:
    """One record that could not be read; `headers` are ids, types, numbers and times."""

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


@dataclass(frozen=True)
class Effect:
    """One outside effect: a mail, a write at a vendor."""

    key: str
    kind: str
    status: str
    code: str | None
    attempts: int
    stream_type: str | None
    stream_id: UUID | None
    created_at: datetime
    next_try_at: datetime

    @property
    def effect_id(self) -> UUID | None:
        """The UUID that ends its key (`mail:<uuid>`)."""
        try:
            return UUID(self.key.rpartition(":")[2])
        except ValueError:
            return None


@dataclass(frozen=True)
class Replay:
    """`applied` events; `left` parked ones of the stream, the first of them for `error_code`."""

    outcome: Literal["applied", "parked", "known"]
    applied: int
    left: int
    error_code: str | None


@dataclass(frozen=True)
class Decision:
    """Who decides, why, and in which request."""

    actor: str
    reason: str
    correlation_id: str


class ServiceOperations(Protocol):
    """One service. Every method raises ServiceSilent; decisions raise OperationFailed too."""

    async def lag(self) -> Lag:
        """How far it is."""

    async def parked(self, stream: UUID | None = None) -> Sequence[ParkedEvent]:
        """The oldest 100, of all streams or of one."""

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """The oldest 100 that were not replayed."""

    async def effects(
        self, status: EffectStatus | None = None, effect_id: UUID | None = None
    ) -> Sequence[Effect]:
        """The newest 100 of a status, or of each that is not done; or the one of that id."""

    async def replay_parked(self, consumer: str, stream: UUID, decision: Decision) -> Replay:
        """Apply what is parked of a stream, as far as it goes."""

    async def replay_dead_letter(self, letter: UUID, decision: Decision) -> Replay:
        """Read it again and apply it."""

    async def resolve(self, key: str, verdict: Verdict, decision: Decision) -> str:
        """Decide a held effect; its status from now on."""

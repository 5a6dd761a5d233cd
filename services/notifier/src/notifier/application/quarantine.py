"""What waits in quarantine, and letting it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from deskstream_chassis.clock import Clock
from deskstream_chassis.operations import OperationFailed
from deskstream_events.notifier.inbound import (
    InboundQuarantinedV1,
    InboundReceivedV1,
    InboundReleasedV1,
)
from deskstream_eventstore import Database, Origin, Work, retrying
from notifier.domain.inbound import STREAM_TYPE

BEGINNING = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True)
class Quarantined:
    """A mail as far as one must see it to decide."""

    id: UUID
    cause: str
    mailbox: str
    from_email: str | None
    subject: str
    size: int
    files: int
    at: datetime


class Waiting(Protocol):
    """The list of what waits."""

    async def list(
        self, work: Work, after: tuple[datetime, UUID], limit: int
    ) -> Sequence[Quarantined]:
        """At most so many behind a place, oldest first."""
        ...


class ShowQuarantine:
    """Oldest first."""

    def __init__(self, database: Database, waiting: Waiting) -> None:
        self._database = database
        self._waiting = waiting

    async def __call__(
        self, after: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[Quarantined]:
        """At most `limit` behind `after`."""
        async with self._database.reading() as work:
            return await self._waiting.list(work, after or BEGINNING, limit)


@dataclass(frozen=True)
class ReleaseInbound:
    """Whose decision it is, and why."""

    inbound_id: UUID
    actor: str
    reason: str
    correlation_id: str


class ReleaseInboundHandler:
    """The mail goes on as if it had been received now; a second release is refused."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self, command: ReleaseInbound) -> None:
        """Raises OperationFailed: unknown_inbound, not_quarantined."""
        await retrying(lambda: self._release(command))

    async def _release(self, command: ReleaseInbound) -> None:
        origin = Origin(actor=command.actor, correlation_id=command.correlation_id)
        async with self._database.work(origin) as work:
            facts = await work.load(command.inbound_id)
            if not facts or facts[0].stream_type != STREAM_TYPE:
                raise OperationFailed("unknown_inbound")
            first = facts[0].event
            if not isinstance(first, InboundQuarantinedV1) or len(facts) > 1:
                raise OperationFailed("not_quarantined")
            now = self._clock.now()
            released = InboundReleasedV1(
                inbound_id=command.inbound_id,
                at=now,
                released_by=command.actor,
                reason=command.reason,
            )
            told = {**first.model_dump(exclude={"cause"}), "at": now}
            received = InboundReceivedV1.model_validate(told)
            work.append(STREAM_TYPE, command.inbound_id, len(facts), [released, received])

"""Addresses that get no mail any more, and taking one off the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.operations import OperationFailed
from deskstream_eventstore import Database, Work
from deskstream_eventstore.replay import note

BEGINNING = (datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True)
class Suppression:
    """No address is kept, only its keyed hash: the mail that came back, and its ticket, tell whose
    it is to those who may see them."""

    id: UUID
    reason: str
    since: datetime
    message_id: UUID | None
    ticket_id: UUID | None


class Suppressions(Protocol):
    """The list."""

    async def list(
        self, work: Work, after: tuple[datetime, UUID], limit: int
    ) -> Sequence[Suppression]:
        """At most so many behind a place, oldest first."""
        ...

    async def lift(self, work: Work, suppression_id: UUID) -> bool:
        """From now on mail goes there again; False where there is none."""
        ...


class ListSuppressions:
    """Oldest first."""

    def __init__(self, database: Database, suppressions: Suppressions) -> None:
        self._database = database
        self._suppressions = suppressions

    async def __call__(
        self, after: tuple[datetime, UUID] | None, limit: int
    ) -> Sequence[Suppression]:
        """One more than `limit` where there is a next page."""
        async with self._database.reading() as work:
            return await self._suppressions.list(work, after or BEGINNING, limit + 1)


@dataclass(frozen=True)
class LiftSuppression:
    """One address."""

    suppression_id: UUID


class LiftSuppressionHandler:
    """Who did it stays in the store, as every operation."""

    def __init__(self, database: Database, suppressions: Suppressions) -> None:
        self._database = database
        self._suppressions = suppressions

    async def __call__(self, command: LiftSuppression, caller: Caller) -> None:
        """Raises OperationFailed (unknown_suppression)."""
        async with self._database.work(caller.origin) as work:
            await work.once()
            if not await self._suppressions.lift(work, command.suppression_id):
                raise OperationFailed("unknown_suppression")
            target = f"suppression:{command.suppression_id}"
            await note(work, caller.actor.ref, "suppression_lifted", target, "by request", "ok")
            work.answer(None)

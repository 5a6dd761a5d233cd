"""What is done when its time has come: one due thing after the other, each once."""

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_eventstore import Conflict, Database, Work

Due = tuple[UUID, UUID]
"""A ticket, and what of it is due (the ticket itself, or one of its replies)."""


class StepFailed(Exception):
    """One due thing could not be done; its cause says why. The others still can."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(str(subject))
        self.subject = subject


class Step(Protocol):
    """One due thing; any number of processes may do this at once."""

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:
        """Do one that is due, but none of `leave`; False where there is none. Raises StepFailed."""
        ...


async def one_due(
    database: Database,
    caller: Caller,
    take: Callable[[Work], Awaitable[Due | None]],
    act: Callable[[Work, Due], Awaitable[None]],
) -> bool:
    """Take one, locked, and act on it in the same transaction.

    A race that was lost (a person was faster) counts as done: the next call sees what came of it.
    Raises StepFailed.
    """
    due: Due | None = None
    try:
        async with database.work(caller.origin) as work:
            due = await take(work)
            if due is None:
                return False
            await act(work, due)
    except Conflict:
        return True
    except Exception as error:
        if due is None:
            raise
        raise StepFailed(due[1]) from error
    return True

"""Read models that are kept in the transaction of the append, and can be rebuilt."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from deskstream_eventstore.recorded import Recorded

if TYPE_CHECKING:
    from deskstream_eventstore.work import Work


@runtime_checkable
class View(Protocol):
    """A read model.

    `apply` depends on the fact alone: not on the clock, not on `position` or `recorded_at` (which
    do not exist yet when it runs live), not on other tables. Its SQL names tables without schema.
    """

    name: str
    version: int
    stream_types: frozenset[str]
    tables: tuple[str, ...]

    async def apply(self, work: "Work", fact: Recorded) -> None:
        """Bring the tables up to this fact."""
        ...

"""How often to try, how long to wait, and when to give the batch back to Kafka."""

import asyncio
import random
import time
from dataclasses import dataclass


class GivenBack(Exception):
    """The batch is not done and not committed: Kafka delivers it again. Nothing is lost."""


@dataclass(frozen=True)
class Patience:
    """Limits of one consumer."""

    tries: int = 5
    """Of one event whose handler fails, before it is parked."""
    shortest: float = 0.2
    longest: float = 30.0
    """Seconds between tries: full jitter, the bound growing fourfold from the shortest."""
    outage_shortest: float = 0.5
    outage_longest: float = 5.0
    """Seconds between looks at a database that is down: two statements each, below 5 a second."""
    slow_attempt: float = 10.0
    """An attempt that lost its connection after this long may have been ended for its slowness."""
    budget: float = 150.0
    """Seconds for one batch, half of `max_poll_interval`; then it is given back."""

    def pause(self, attempt: int) -> float:
        """Before the try after this attempt (1, 2, …)."""
        return random.uniform(self.shortest, min(self.longest, self.shortest * 4**attempt))  # noqa: S311

    def outage(self, look: int) -> float:
        """Before this look (0, 1, …) at a database that is down."""
        bound = min(self.outage_longest, self.outage_shortest * 2 ** min(look, 10))
        return random.uniform(self.outage_shortest, bound)  # noqa: S311


class Deadline:
    """Waiting that ends when the process stops or the batch's time is up."""

    def __init__(self, stopping: asyncio.Event, seconds: float) -> None:
        self._stopping = stopping
        self._ends = time.monotonic() + seconds

    async def sleep(self, seconds: float) -> None:
        """Raises GivenBack when told to stop, or when there is no time left for the wait."""
        if time.monotonic() + seconds > self._ends:
            raise GivenBack("no time left")
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return
        raise GivenBack("stopping")

    def check(self) -> None:
        """Raises GivenBack when told to stop or out of time."""
        if self._stopping.is_set():
            raise GivenBack("stopping")
        if time.monotonic() > self._ends:
            raise GivenBack("no time left")

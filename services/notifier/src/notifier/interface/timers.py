"""What the notifier does by itself, in time: keeping house."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.logs import log
from deskstream_chassis.metrics import JOB_SUCCESS

HOUR_SECONDS = 3600.0
OUTAGE_SECONDS = 2.0
OUTAGES: tuple[type[Exception], ...] = (*STORE_DOWN, OSError)


class Housekeeper:
    """Removes what is over, at start and then every hour; harmless in several processes at once."""

    def __init__(self, sweep: Callable[[], Awaitable[int]]) -> None:
        self._sweep = sweep

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; an outage of the database is waited out."""
        while not stopping.is_set():
            pause = await self._once()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)

    async def _once(self) -> float:
        try:
            removed = await self._sweep()
        except OUTAGES as error:
            log.warning("keeping house: waiting", error_code=type(error).__name__)
            return OUTAGE_SECONDS
        JOB_SUCCESS.labels("keep_house").set_to_current_time()
        log.info("kept house", count=removed)
        return HOUR_SECONDS

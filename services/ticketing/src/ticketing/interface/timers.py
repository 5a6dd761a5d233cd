"""What ticketing does by itself, in time: releasing replies, waking tickets, keeping house."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from uuid import UUID

from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.logs import log, where
from deskstream_chassis.metrics import JOB_SUCCESS
from ticketing.application.timed import Step, StepFailed
from ticketing.domain.errors import FilesUnavailable

POLL_SECONDS = 0.2
"""How late a due thing may be where nothing else is wrong."""
OUTAGE_SECONDS = 2.0
ASIDE_SECONDS = 60.0
HOUR_SECONDS = 3600.0
OUTAGES: tuple[type[Exception], ...] = (*STORE_DOWN, OSError, FilesUnavailable)

Job = Callable[[], Awaitable[int]]


class DueTimer:
    """Does due things one after the other; several processes may run it at once.

    What cannot be done is left aside for a minute, so that it does not stand in the way of the
    others; an outage of the database is waited out.
    """

    def __init__(self, what: str, step: Step) -> None:
        self._what = what
        self._do = step
        self._aside: dict[UUID, float] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; what is at hand is finished."""
        while not stopping.is_set():
            pause = await self._step()
            if pause:
                await _wait(stopping, pause)

    async def _step(self) -> float:
        now = time.monotonic()
        self._aside = {one: until for one, until in self._aside.items() if until > now}
        try:
            return 0.0 if await self._do(tuple(self._aside)) else POLL_SECONDS
        except STORE_DOWN as error:
            return _outage(self._what, error)
        except StepFailed as failed:
            cause = failed.__cause__ or failed
            if isinstance(cause, STORE_DOWN):
                return _outage(self._what, cause)
            self._aside[failed.subject] = now + ASIDE_SECONDS
            log.error(
                "due and not done",
                what=self._what,
                subject=failed.subject,
                error_code=type(cause).__name__,
                where=where(cause),
            )
            return 0.0


class Housekeeper:
    """Does each job at start and then every hour; harmless in several processes at once.

    `jobs` by name: each removes what is over and tells how much that was.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = dict(jobs)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop."""
        while not stopping.is_set():
            pauses = [await self._do(name) for name in self._jobs]
            await _wait(stopping, min(pauses, default=HOUR_SECONDS))

    async def _do(self, name: str) -> float:
        try:
            removed = await self._jobs[name]()
        except OUTAGES as error:
            return _outage(name, error)
        JOB_SUCCESS.labels(name).set_to_current_time()
        if removed:
            log.info(name, count=removed)
        return HOUR_SECONDS


def _outage(what: str, error: BaseException) -> float:
    log.warning(f"{what}: waiting", error_code=type(error).__name__)
    return OUTAGE_SECONDS


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)

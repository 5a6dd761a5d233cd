"""Mail by asking for it, again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from deskstream_chassis.logs import log
from deskstream_chassis.metrics import JOB_SUCCESS
from notifier.domain.delivery import pause_before_retry

Fetch = Callable[[Callable[[], bool]], Awaitable[int]]


class Poller:
    """A worker; harmless in several processes at once. Whatever fails is waited out: the mails stay
    where they are."""

    def __init__(self, fetch: Fetch, every_seconds: float) -> None:
        self._fetch = fetch
        self._every = every_seconds
        self._failures = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; a mail that is being stored is stored."""
        while not stopping.is_set():
            pause = await self._once(stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)

    async def _once(self, stopping: asyncio.Event) -> float:
        try:
            stored = await self._fetch(stopping.is_set)
        except Exception as error:  # noqa: BLE001 - network, server, bucket, database
            self._failures += 1
            log.warning("mail not fetched", error_code=type(error).__name__, tries=self._failures)
            return pause_before_retry(self._failures).total_seconds()
        self._failures = 0
        JOB_SUCCESS.labels("fetch_mail").set_to_current_time()
        if stored:
            log.info("mail fetched", count=stored)
        return self._every

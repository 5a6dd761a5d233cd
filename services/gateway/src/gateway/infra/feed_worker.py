"""One process at a time writes the feed: the one that holds the lease."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aiokafka.errors import KafkaError

from deskstream_chassis.clock import Clock
from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.logs import log
from deskstream_eventstore import (
    Consumer,
    ConsumerRuntime,
    Database,
    KafkaSettings,
    Lease,
    LeaseLost,
)
from gateway.infra.db.feed import tickets

KEEP_SECONDS = 2.0
STAND_BY_SECONDS = 1.0


class FeedWorker:
    """Runs the feed's consumer while the lease is ours, and tells all processes how recent the
    facts are. What another holds it stands by for; an outage is waited out."""

    def __init__(
        self, database: Database, runtime: ConsumerRuntime, lease: Lease | None = None
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._lease = lease or Lease("feed")
        self._leads = False

    @classmethod
    def of(
        cls, database: Database, kafka: KafkaSettings, consumer: Consumer, clock: Clock
    ) -> "FeedWorker":
        """With a runtime of its own."""
        return cls(database, ConsumerRuntime(database, kafka, [consumer], now=clock.now))

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; then another may take over at once. Raises what ends the consumer."""
        while not stopping.is_set():
            try:
                if await self._taken():
                    await self._lead(stopping)
                    continue
            except LeaseLost:
                log.warning("feed_lease_lost")
            except (*STORE_DOWN, KafkaError) as error:
                log.warning("feed_waits", error_code=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), STAND_BY_SECONDS)

    def health(self) -> Mapping[str, Any]:
        """The consumer's; who stands by is well."""
        if not self._leads:
            return {"assigned": True, "lag": 0, "position_age": 0.0}
        return self._runtime.health()

    async def _taken(self) -> bool:
        async with self._database.pool.acquire() as connection:
            return await self._lease.take(connection)

    async def _lead(self, stopping: asyncio.Event) -> None:
        enough = asyncio.Event()
        consuming = asyncio.create_task(self._runtime.run(enough))
        keeping = asyncio.create_task(self._keep())
        told = asyncio.create_task(stopping.wait())
        log.info("feed_leads", epoch=self._lease.epoch)
        self._leads = True
        try:
            await asyncio.wait({consuming, keeping, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            enough.set()
            told.cancel()
            keeping.cancel()
            ended = await asyncio.gather(consuming, keeping, return_exceptions=True)
            self._leads = False
            with suppress(*STORE_DOWN):
                async with self._database.pool.acquire() as connection:
                    await self._lease.give_back(connection)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _keep(self) -> None:
        while True:
            async with self._database.pool.acquire() as connection:
                await self._lease.renew(connection)
            known = self._runtime.as_of()
            if known is not None:
                async with self._database.work() as work:
                    await tickets.told(work, timedelta(seconds=max(0.0, time.time() - known)))
            await asyncio.sleep(KEEP_SECONDS)

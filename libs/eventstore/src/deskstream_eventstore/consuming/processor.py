"""One consumer's batches: one transaction each; if that fails, event by event."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from deskstream_eventstore.connection import CONNECTION_OUTAGES
from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.consuming.apply import Applied, Applier, NotWritable, Refused
from deskstream_eventstore.consuming.classify import Verdict, code_of, from_database, verdict
from deskstream_eventstore.consuming.incoming import Incoming, Reader, Record, Unreadable
from deskstream_eventstore.consuming.ledger import Parking
from deskstream_eventstore.consuming.patience import Deadline, GivenBack, Patience
from deskstream_eventstore.work import Database

log = structlog.get_logger("deskstream")
DRAIN = 100


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Processor:
    """Turns batches of records into effects. One batch at a time."""

    def __init__(
        self,
        database: Database,
        consumer: Consumer,
        *,
        prefix: str = "",
        patience: Patience | None = None,
        now: Callable[[], datetime] = utc_now,
        stopping: asyncio.Event | None = None,
    ) -> None:
        self.consumer = consumer
        self._database = database
        self._reader = Reader({t.named(prefix): t for t in consumer.topics}, consumer.handlers)
        self._applier = Applier(consumer, database.subjects)
        self._patience = patience or Patience()
        self._now = now
        self._stopping = stopping or asyncio.Event()
        self._attempts: dict[UUID, int] = {}
        self._outages = 0

    async def process(self, records: Sequence[Record]) -> None:
        """Returns when every record is applied, parked or kept as a dead letter, and committed.

        Raises GivenBack (deliver again) and NotWritable (the consumer must stop).
        """
        read = [self.read(record) for record in records]
        items = [r for r in read if isinstance(r, Incoming)]
        letters = [r for r in read if isinstance(r, Unreadable)]
        deadline = Deadline(self._stopping, self._patience.budget)
        for letter in letters:
            log.error(
                "dead letter",
                consumer=self.consumer.name,
                topic=letter.topic,
                partition=letter.partition,
                offset=letter.offset,
                code=letter.code,
            )
        for item in await self._together(items, letters, deadline):
            await self._one(item, deadline)

    def read(self, record: Record) -> Incoming | Unreadable:
        """Never raises."""
        return self._reader.read(record)

    async def replay(self, item: Incoming) -> bool:
        """Apply one event as if it came now, and what waited behind it; whether it was applied."""
        return await self._one(item, Deadline(self._stopping, self._patience.budget))

    async def before_commit(self, items: Sequence[Incoming]) -> None:
        """Everything is written, nothing committed. For those who want to look, or to die here."""

    async def after_commit(self, items: Sequence[Incoming]) -> None:
        """Committed, not yet acknowledged to Kafka."""

    async def _transaction(
        self,
        items: Sequence[Incoming],
        letters: Sequence[Unreadable] = (),
        *,
        refused: Refused | None = None,
        alone: bool = False,
    ) -> Applied:
        async with self._database.work() as work:
            applied = await self._applier.apply(
                work, items, self._now(), letters=letters, refused=refused, alone=alone
            )
            await self.before_commit(items)
        await self.after_commit(items)
        self._outages = 0
        for parking in applied.parked:
            log.warning(
                "parked",
                consumer=self.consumer.name,
                stream_id=str(parking.item.stream_id),
                version=parking.item.version,
                code=parking.code,
                attempts=parking.attempts,
            )
        return applied

    async def _together(
        self, items: Sequence[Incoming], letters: Sequence[Unreadable], deadline: Deadline
    ) -> Sequence[Incoming]:
        """All in one transaction; what is left to be done alone."""
        while True:
            started = time.monotonic()
            try:
                return (await self._transaction(items, letters)).deferred
            except Exception as error:  # noqa: BLE001 - classified
                if await self._was_outage(error, started, deadline):
                    continue
                log.info(
                    "batch failed, going event by event",
                    consumer=self.consumer.name,
                    count=len(items),
                    error_code=code_of(error),
                )
            if not letters:
                return items
            await self._patiently(lambda: self._transaction((), letters), deadline)
            return items

    async def _one(self, item: Incoming, deadline: Deadline) -> bool:
        """Apply or park one event in a transaction of its own; whether it was applied."""
        while True:
            deadline.check()
            started = time.monotonic()
            try:
                applied = await self._transaction([item], alone=True)
            except Exception as error:
                if await self._was_outage(error, started, deadline):
                    continue
                attempt = self._attempts.get(item.id, 0) + 1
                self._attempts[item.id] = attempt
                exhausted = attempt >= self._patience.tries
                if isinstance(error, NotWritable):
                    if exhausted:
                        raise
                elif exhausted or verdict(error) is Verdict.PERMANENT:
                    await self._refuse(Parking(item, code_of(error), attempt), deadline)
                    return False
                await deadline.sleep(self._patience.pause(attempt))
                continue
            self._attempts.pop(item.id, None)
            if item.stream_id in applied.drain and not item.parked:
                await self.drain(item.stream_id, deadline)
            return bool(applied.events)

    async def _refuse(self, parking: Parking, deadline: Deadline) -> None:
        refused = {parking.item.id: parking}
        await self._patiently(
            lambda: self._transaction([parking.item], refused=refused, alone=True), deadline
        )
        self._attempts.pop(parking.item.id, None)

    async def _patiently(
        self, transaction: Callable[[], Awaitable[Applied]], deadline: Deadline
    ) -> None:
        """For rows of our own that must be written. Raises NotWritable where they cannot be."""
        for attempt in itertools.count(1):
            started = time.monotonic()
            try:
                await transaction()
                return
            except Exception as error:
                if await self._was_outage(error, started, deadline):
                    continue
                if attempt >= self._patience.tries:
                    raise NotWritable(code_of(_cause(error))) from error
                await deadline.sleep(self._patience.pause(1))

    async def _was_outage(self, error: Exception, started: float, deadline: Deadline) -> bool:
        """Whether it was the database's failure and not this event's; if so, it answers again.

        Waits outside any transaction. Raises GivenBack when there is no time left to wait.
        """
        if isinstance(error, GivenBack):
            raise error
        cause = _cause(error)
        judged = verdict(cause)
        slow = time.monotonic() - started >= self._patience.slow_attempt
        if judged is Verdict.LOST:
            outage = not slow or not await self._answers()
        elif judged is Verdict.TRANSIENT and from_database(cause):
            outage = not await self._answers()
        else:
            outage = judged is Verdict.OUTAGE
        if not outage:
            return False
        log.warning(
            "database does not answer", consumer=self.consumer.name, error_code=code_of(error)
        )
        while True:
            pause = self._patience.outage(self._outages)
            self._outages += 1
            await deadline.sleep(pause)
            if await self._answers():
                return True

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(5), self._database.pool.acquire() as connection:
                return bool(await connection.fetchval("select true"))
        except CONNECTION_OUTAGES:
            return False

    async def drain(self, stream_id: UUID, deadline: Deadline | None = None) -> int:
        """Apply the parked events of a stream that are next, in order; how many were applied.

        Stops at a missing version and at an event that fails.
        """
        deadline = deadline or Deadline(self._stopping, self._patience.budget)
        count = 0
        while True:
            async with self._database.reading() as work:
                stored = await self._applier.ledger.parked(work, stream_id, DRAIN)
            items = self._readable(stored)
            done = await self._drain(items, deadline)
            count += done
            if done < DRAIN or not self.consumer.ordered:
                return count

    def _readable(self, stored: Sequence[Mapping[str, Any]]) -> list[Incoming]:
        items = []
        for event in stored:
            try:
                items.append(self._reader.unpark(event))
            except Exception as error:  # noqa: BLE001 - it stays parked, and its stream behind it
                log.warning(
                    "parked event cannot be read",
                    consumer=self.consumer.name,
                    event_type=event.get("type"),
                    error_code=code_of(error),
                )
                break
        return items

    async def _drain(self, items: Sequence[Incoming], deadline: Deadline) -> int:
        if len(items) > 1:
            try:
                return len((await self._transaction(items, alone=True)).events)
            except Exception as error:  # noqa: BLE001 - told apart one by one
                log.info("draining event by event", error_code=code_of(error))
        count = 0
        for item in items:
            if await self._one(item, deadline):
                count += 1
            elif self.consumer.ordered:
                break
        return count


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ if isinstance(error, NotWritable) and error.__cause__ else error

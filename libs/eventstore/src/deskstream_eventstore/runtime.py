"""Runs consumers on Kafka: FastStream's batch subscribers, acknowledged after the commit."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.consuming import lenient
from deskstream_eventstore.consuming.apply import NotWritable
from deskstream_eventstore.consuming.patience import GivenBack, Patience
from deskstream_eventstore.consuming.processor import Processor, utc_now
from deskstream_eventstore.consuming.watch import Follower, Watch
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.work import Database

log = structlog.get_logger("deskstream")

GRACE_SECONDS = 15.0
"""For the batch at hand when the process is told to stop."""
POLL_MS = 200
"""Longest wait of one poll; records that come meanwhile end it at once."""
FETCH_MS = 50
"""Longest a broker holds a fetch that finds nothing. aiokafka asks for no more of a partition while
its records wait to be taken, and has one fetch under way: where all busy partitions have some, that
one asks the quiet ones only, and the busy ones wait for its end (500 ms by default)."""
CONNECT_SECONDS = 1.0
COLLECT_AFTER = 50_000


def _spare_the_collector() -> None:
    """A batch makes tens of thousands of objects that live as long as it does. At its default
    threshold the cyclic collector goes over them again and again: a quarter of a batch's CPU."""
    gc.freeze()
    gc.set_threshold(max(COLLECT_AFTER, gc.get_threshold()[0]))


class ConsumerRuntime:
    """All consumers of a process. `processor` and `patience` are there for drills and tests.

    `woken` are called after each batch: a dispatcher's `wake`.
    """

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        consumers: Sequence[Consumer],
        *,
        max_tries: int = 5,
        max_records: int = 500,
        max_poll_interval: float = 300.0,
        session_timeout: float = 10.0,
        patience: Patience | None = None,
        now: Callable[[], datetime] = utc_now,
        woken: Sequence[Callable[[], None]] = (),
        processor: type[Processor] = Processor,
    ) -> None:
        self._database = database
        self._kafka = kafka
        self._consumers = tuple(consumers)
        self._max_records = max_records
        self._max_poll_interval = max_poll_interval
        self._session_timeout = session_timeout
        self._patience = patience or Patience(tries=max_tries, budget=max_poll_interval / 2)
        self._now = now
        self._woken = tuple(woken)
        self._processor = processor
        self._failure: Exception | None = None
        self._failed = asyncio.Event()
        self._leaving = asyncio.Event()
        self._watch = Watch(database)

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until told to stop; then finish the batch, commit and leave the groups.

        Raises NotWritable when a dead letter or parked event could not be kept: nothing was
        acknowledged, and going on would skip it.
        """
        if not self._consumers:
            await stopping.wait()
            return
        lenient.install()
        _spare_the_collector()
        self._leaving.clear()
        broker = self._broker()
        self._watch.follow([self._follow(broker, consumer) for consumer in self._consumers])
        try:
            if await self._connected(broker, stopping):
                await self._until(stopping)
        finally:
            self._leaving.set()
            await broker.stop()
        if self._failure is not None:
            raise self._failure

    def health(self) -> dict[str, Any]:
        """`assigned`: every consumer has partitions. `lag`: records behind. `position_age`:
        seconds since a position moved, 0 without lag."""
        return self._watch.health()

    def as_of(self) -> float | None:
        """Up to when everything published is applied or set aside, in seconds since 1970, looked at
        every 5 s; None while unknown. It stands still without contact to the broker."""
        return self._watch.as_of()

    async def _until(self, stopping: asyncio.Event) -> None:
        tasks = [
            asyncio.create_task(stopping.wait()),
            asyncio.create_task(self._failed.wait()),
            asyncio.create_task(self._watch.run()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, broker: KafkaBroker, stopping: asyncio.Event) -> bool:
        while not stopping.is_set():
            try:
                return await self._started(broker, stopping)
            except KafkaConnectionError:
                log.warning("kafka does not answer", error_code="KafkaConnectionError")
                await broker.stop()
            try:
                await asyncio.wait_for(stopping.wait(), CONNECT_SECONDS)
            except TimeoutError:
                continue
        return False

    async def _started(self, broker: KafkaBroker, stopping: asyncio.Event) -> bool:
        """A topic that is missing is waited for; whoever is told to stop waits no longer."""
        starting, told = asyncio.create_task(broker.start()), asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({starting, told}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            if not starting.done():
                starting.cancel()
        await asyncio.wait({starting})
        if starting.cancelled():
            return False
        starting.result()
        return True

    def _broker(self) -> KafkaBroker:
        return KafkaBroker(
            self._kafka.bootstrap,
            consumer_only=True,
            allow_auto_create_topics=False,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            graceful_timeout=GRACE_SECONDS,
            logger=None,
        )

    def _follow(self, broker: KafkaBroker, consumer: Consumer) -> Follower:
        processor = self._processor(
            self._database,
            consumer,
            prefix=self._kafka.prefix,
            patience=self._patience,
            now=self._now,
            stopping=self._leaving,
        )
        follower = Follower(consumer.name, self._kafka.prefix)

        async def parse(records: tuple[Any, ...]) -> KafkaAckableMessage:
            """Never raises: bytes and headers are looked at by the processor only."""
            kafka = subscriber.consumer
            return KafkaAckableMessage(body=b"", raw_message=records, consumer=kafka)

        async def decode(_: Any) -> list[Any]:
            return []

        subscriber = broker.subscriber(
            *(topic.named(self._kafka.prefix) for topic in consumer.topics),
            group_id=f"{self._kafka.prefix}{consumer.name}",
            batch=True,
            max_records=self._max_records,
            batch_timeout_ms=POLL_MS,
            fetch_max_wait_ms=FETCH_MS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            max_poll_interval_ms=int(self._max_poll_interval * 1000),
            session_timeout_ms=int(self._session_timeout * 1000),
            heartbeat_interval_ms=int(self._session_timeout * 1000 / 4),
            parser=parse,
            decoder=decode,
            no_reply=True,
        )

        async def poll(consumer: AIOKafkaConsumer) -> tuple[Any, ...]:
            """FastStream's own sleeps once more after an empty poll: 20 ms more of latency."""
            found = await consumer.getmany(timeout_ms=POLL_MS, max_records=self._max_records)
            return tuple(chain.from_iterable(found.values()))

        subscriber.get_msg = poll  # type: ignore[method-assign]

        @subscriber
        async def consume(message: KafkaMessage) -> None:
            records = message.raw_message
            assert isinstance(records, tuple)
            follower.began(records)
            try:
                await processor.process(records)
            except Exception as error:
                self._judge(consumer, error)
                raise
            follower.finished(time.monotonic())
            for wake in self._woken:
                wake()

        follower.subscriber = subscriber
        return follower

    def _judge(self, consumer: Consumer, error: Exception) -> None:
        """Every failure gives the batch back; one that cannot be kept anywhere ends the run."""
        name = type(error).__name__
        if isinstance(error, GivenBack):
            log.info("batch given back", consumer=consumer.name, reason=str(error))
        elif isinstance(error, NotWritable):
            log.error("consumer stops", consumer=consumer.name, error_code=name, reason=str(error))
            self._failure = error
            self._failed.set()
        else:
            log.error("batch failed", consumer=consumer.name, error_code=name)

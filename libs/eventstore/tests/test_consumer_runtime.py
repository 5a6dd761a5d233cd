"""Consumers on a real broker: acknowledgement, rebalance, slow handlers, stop, metrics."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from following import (
    NAME,
    QUICK,
    SEEN,
    TOPIC,
    Behaviour,
    Record,
    Stream,
    consumer,
    one,
    seen,
    until,
)

from deskstream_eventstore import (
    ConsumerRuntime,
    Database,
    KafkaSettings,
    NotWritable,
    Processor,
    create_topics,
    ops,
)
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.kafka import producer

SLOW_SECONDS = 0.8
"""Of a handler that is slow on purpose."""


@pytest.fixture
async def kafka(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    settings = KafkaSettings(kafka_bootstrap, topic_prefix)
    await create_topics(settings, [TOPIC])
    return settings


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    return database


async def publish(
    kafka: KafkaSettings, records: Sequence[Record], partition: int | None = None
) -> None:
    sender = producer(kafka, "test")
    await sender.start()
    try:
        sent = []
        for r in records:
            key = str(dict(r.headers).get("ce_subject", b"")).encode()
            sent.append(
                await sender.send(
                    TOPIC.named(kafka.prefix),
                    r.value,
                    key=key,
                    headers=list(r.headers),
                    partition=partition,
                )
            )
        await asyncio.gather(*sent)
    finally:
        await sender.stop()


@asynccontextmanager
async def running(runtime: ConsumerRuntime) -> AsyncIterator[asyncio.Event]:
    stopping = asyncio.Event()
    task = asyncio.create_task(runtime.run(stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await task


def runtime(store: Database, kafka: KafkaSettings, behaviour: Behaviour, **more: Any) -> Any:
    return ConsumerRuntime(store, kafka, [consumer(behaviour)], patience=QUICK, **more)


async def _count(store: Database, wanted: int) -> None:
    async def there() -> bool:
        return len(await seen(store)) >= wanted

    await until(there)


async def test_a_group_starts_at_the_beginning_and_goes_on_where_it_stopped(
    store: Database, kafka: KafkaSettings
) -> None:
    streams = [Stream() for _ in range(10)]
    await publish(kafka, [s.tagged() for s in streams])
    first = Behaviour()
    async with running(runtime(store, kafka, first)):
        await _count(store, 10)
    await publish(kafka, [s.tagged() for s in streams])
    second = Behaviour()
    async with running(runtime(store, kafka, second)):
        await _count(store, 20)
    assert second.calls == [2] * 10, "what was acknowledged is not delivered again"


async def test_garbage_of_every_kind_passes_through_a_real_broker(
    store: Database, kafka: KafkaSettings
) -> None:
    stream = Stream()
    bad_header = stream.tagged()
    bad_header.headers = [("ce_id", b"\xff\xfe"), ("caf\u00e9", b"\x00\x01")]
    stream.version = 0
    records = [
        bad_header,
        stream.tagged(),
        Record(b"\xff\x00", [], 0),
        Record(None, [], 0),
        stream.tagged(),
    ]
    await publish(kafka, records, partition=0)
    async with running(runtime(store, kafka, Behaviour())):
        await _count(store, 2)
    assert await seen(store, stream.id) == [1, 2]
    assert await one(store, "select count(*) from dead_letter") == 3


class NoUtf8(str):
    """A header's name as a careless client in another language might send it."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe"


@pytest.mark.parametrize("compression", [None, "lz4"])
async def test_a_header_name_that_is_no_utf8_stops_no_partition(
    store: Database,
    kafka: KafkaSettings,
    monkeypatch: pytest.MonkeyPatch,
    compression: str | None,
) -> None:
    from aiokafka import AIOKafkaProducer
    from aiokafka.producer import message_accumulator
    from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

    monkeypatch.setattr(
        message_accumulator, "DefaultRecordBatchBuilder", _DefaultRecordBatchBuilderPy
    )
    sender = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, compression_type=compression)
    monkeypatch.setattr(sender, "_serialize", lambda key, value, _: (key, value))
    await sender.start()
    stream, wrong = Stream(), Stream().tagged()
    broken = [(NoUtf8(n) if n == "ce_id" else n, v) for n, v in wrong.headers]
    sent = []
    for value, headers in [
        *((r.value, list(r.headers)) for r in stream.many(2)),
        (wrong.value, broken),
        *((r.value, [*r.headers, (NoUtf8("x"), b"1")]) for r in stream.many(2)),
    ]:
        topic = TOPIC.named(kafka.prefix)
        sent.append(await sender.send(topic, value, partition=0, headers=headers))
    await asyncio.gather(*sent)
    await sender.stop()
    async with running(runtime(store, kafka, Behaviour())):
        await _count(store, 4)
    assert await seen(store) == [1, 2, 3, 4]
    headers = await one(store, "select headers from dead_letter where error_code = 'bad_headers'")
    assert "\\\\xff\\\\xfe" in [name for name, _ in headers]


class Impatient(Processor):
    """Fails with a defect of the runtime's own, twice, before its commit."""

    failures = 2

    async def process(self, records: Sequence[Any]) -> None:
        if Impatient.failures:
            Impatient.failures -= 1
            raise LookupError
        await super().process(records)


async def test_a_batch_that_failed_is_delivered_again(
    store: Database, kafka: KafkaSettings
) -> None:
    stream = Stream()
    await publish(kafka, stream.many(5))
    async with running(runtime(store, kafka, Behaviour(), processor=Impatient)):
        await _count(store, 5)
    assert Impatient.failures == 0
    assert await seen(store) == [1, 2, 3, 4, 5]


async def test_a_dead_letter_that_cannot_be_written_ends_the_run_and_is_not_lost(
    store: Database, kafka: KafkaSettings
) -> None:
    await publish(kafka, [Record(b"{", [], 0)])
    async with store.work() as work:
        await work.connection.execute("alter table dead_letter rename to elsewhere")
    with pytest.raises(NotWritable):
        await asyncio.wait_for(runtime(store, kafka, Behaviour()).run(asyncio.Event()), 60)
    async with store.work() as work:
        await work.connection.execute("alter table elsewhere rename to dead_letter")

    async def kept() -> bool:
        return bool(await one(store, "select count(*) from dead_letter"))

    async with running(runtime(store, kafka, Behaviour())):
        await until(kept)


async def test_a_rebalance_during_a_handler_takes_effect_once(
    store: Database, kafka: KafkaSettings
) -> None:
    streams = [Stream() for _ in range(12)]
    await publish(kafka, [r for s in streams for r in s.many(5)])
    slow = Behaviour()
    slow.on["ok"] = lambda: asyncio.sleep(0.02)
    async with running(runtime(store, kafka, slow, max_records=20)):
        await until(lambda: _called(slow, 5))
        async with running(runtime(store, kafka, Behaviour(), max_records=20)):
            await _count(store, 60)
    for stream in streams:
        assert await seen(store, stream.id) == [1, 2, 3, 4, 5]


async def _called(behaviour: Behaviour, count: int) -> bool:
    return len(behaviour.calls) >= count


async def test_a_handler_longer_than_the_poll_interval_loops_for_nobody(
    store: Database, kafka: KafkaSettings
) -> None:
    streams = [Stream() for _ in range(6)]
    await publish(kafka, [r for s in streams for r in s.many(2)])
    behaviours = [Behaviour(), Behaviour()]
    for behaviour in behaviours:
        behaviour.on["ok"] = lambda: asyncio.sleep(SLOW_SECONDS)
    assert SLOW_SECONDS * 4 > 2.0, "four events take longer than the poll interval"
    short: dict[str, Any] = {"max_poll_interval": 2.0, "max_records": 4}
    async with (
        running(runtime(store, kafka, behaviours[0], **short)),
        running(runtime(store, kafka, behaviours[1], **short)),
    ):
        await _count(store, 12)
    for stream in streams:
        assert await seen(store, stream.id) == [1, 2]


class Slow(Processor):
    """Commits when it is let."""

    gate = asyncio.Event()

    async def before_commit(self, items: Sequence[Incoming]) -> None:
        await self.gate.wait()


async def test_a_stop_finishes_the_batch_and_leaves_the_group(
    store: Database, kafka: KafkaSettings
) -> None:
    stream = Stream()
    await publish(kafka, stream.many(3))
    behaviour = Behaviour()
    async with running(runtime(store, kafka, behaviour, processor=Slow)) as stopping:
        await until(lambda: _called(behaviour, 1))
        stopping.set()
        asyncio.get_running_loop().call_later(0.5, Slow.gate.set)
    assert await seen(store) == [1, 2, 3]
    after = Behaviour()
    started = asyncio.get_running_loop().time()
    async with running(runtime(store, kafka, after)):
        await publish(kafka, [stream.tagged()])
        await _count(store, 4)
    assert after.calls == [4], "the batch was acknowledged"
    assert asyncio.get_running_loop().time() - started < 8, "no session had to expire"


async def test_health_and_metrics_tell_lag_and_position(
    store: Database, kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prometheus_client import REGISTRY

    monkeypatch.setattr("deskstream_eventstore.consuming.watch.LOOK_SECONDS", 0.1)
    gate = asyncio.Event()
    behaviour = Behaviour()
    behaviour.on["ok"] = gate.wait
    stream = Stream()
    await publish(kafka, [*stream.many(3), Record(b"{", [], 0)], partition=2)
    made = runtime(store, kafka, behaviour)
    assert made.health()["assigned"] is True, "before the start there is nothing to wait for"

    async def behind() -> bool:
        health = made.health()
        return bool(health["lag"] == 4 and health["position_age"] > 0.3)

    async with running(made):
        await until(behind)
        assert made.health()["assigned"] is True
        labels = {"group": NAME, "topic": TOPIC.name, "partition": "2"}
        assert REGISTRY.get_sample_value("kafka_consumer_group_lag", labels) == 4
        gate.set()

        async def caught_up() -> bool:
            letters = REGISTRY.get_sample_value("dead_letters", {"consumer": NAME})
            return made.health() == {"assigned": True, "lag": 0, "position_age": 0.0} and (
                letters == 1
            )

        await until(caught_up)


async def test_a_process_that_is_no_member_is_told_the_lag(
    store: Database, kafka: KafkaSettings
) -> None:
    follower = consumer(Behaviour())

    async def told() -> tuple[int | None, bool]:
        (row,) = (await ops.lag(store, kafka, [follower])).consumers
        return row.lag, row.idle_seconds is not None

    stream = Stream()
    await publish(kafka, stream.many(5))

    async def before_the_first() -> bool:
        return await told() == (5, False)

    await until(before_the_first)
    async with running(runtime(store, kafka, Behaviour())):
        await _count(store, 5)
    assert await told() == (0, True)
    await publish(kafka, stream.many(2))
    assert await told() == (2, True)
    (row,) = (await ops.lag(store, KafkaSettings("127.0.0.1:1"), [follower])).consumers
    assert row.lag is None


async def test_a_broker_that_comes_late_is_waited_for(store: Database) -> None:
    stopping = asyncio.Event()
    knocks = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal knocks
        knocks += 1
        writer.close()

    async def knocked_again() -> bool:
        return knocks >= 2

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    runner = runtime(store, KafkaSettings(f"{host}:{port}"), Behaviour())
    task = asyncio.create_task(runner.run(stopping))
    await until(knocked_again)
    assert not task.done()
    stopping.set()
    await asyncio.wait_for(task, 20)
    server.close()
    await server.wait_closed()

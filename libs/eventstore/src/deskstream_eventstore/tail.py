"""What the log ends with: is it ours, and which epoch wrote it (fault 25)."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from deskstream_events import BadEnvelope, Envelope, Topic
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.consuming.lenient import install
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.kafka import KafkaSettings

LOOK_BACK = 20
"""Records of each partition that are read."""

WAY_OUT = (
    "the store was restored to an older state than the log. Stop all relays and consumers, then "
    "either take the missing events back from the log, or compensate by hand, or drop the topics "
    "and publish the store again (`desk topics republish --recreate`)"
)


class RelayAhead(StoreError):
    """The log ends with an event that the store does not hold: publishing on would fork history."""


class TopicMissing(StoreError):
    """A topic of the catalogue does not exist on the broker; auto-creation is off."""


@dataclass(frozen=True)
class Tail:
    """The last record of one partition."""

    topic: str
    partition: int
    envelope: Envelope


async def read_tails(kafka: KafkaSettings, topics: Sequence[Topic]) -> list[Tail]:
    """The last record of every partition that has one. Raises TopicMissing, aiokafka's errors."""
    install()  # a stranger's record must not keep the relay from starting
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, enable_auto_commit=False, request_timeout_ms=10_000
    )
    try:
        await consumer.start()
        await consumer._client.force_metadata_update()
        partitions = []
        for topic in topics:
            name = topic.named(kafka.prefix)
            known = consumer.partitions_for_topic(name) or await _known(consumer, name)
            partitions += [TopicPartition(name, n) for n in sorted(known)]
        return await _last_records(consumer, partitions)
    finally:
        await consumer.stop()


async def _known(consumer: Any, name: str) -> set[int]:
    try:
        known: set[int] = await consumer._client._wait_on_metadata(name)
    except UnknownTopicOrPartitionError:
        missing = f"topic {name} does not exist; run `desk topics create`"
        raise TopicMissing(missing) from None
    return known


async def _last_records(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]
) -> list[Tail]:
    """Of each partition the last record with an envelope. What others have written behind it (only
    where the broker has no ACLs) proves nothing about the store, and is looked past."""
    begins = await consumer.beginning_offsets(partitions)
    ends = await consumer.end_offsets(partitions)
    filled = [p for p in partitions if ends[p] > begins[p]]
    consumer.assign(filled)
    for partition in filled:
        consumer.seek(partition, max(begins[partition], ends[partition] - LOOK_BACK))
    tails: dict[TopicPartition, Tail] = {}
    reading = set(filled)
    while reading:
        for partition, records in (await consumer.getmany(*reading, timeout_ms=1000)).items():
            for record in records:
                with contextlib.suppress(BadEnvelope):
                    envelope = Envelope.from_headers(record.headers)
                    tails[partition] = Tail(partition.topic, partition.partition, envelope)
        reading = {p for p in reading if await consumer.position(p) < ends[p]}
    return list(tails.values())


async def check_tails(connection: Connection, tails: Sequence[Tail]) -> int:
    """The highest epoch that wrote. Raises RelayAhead where the store does not hold a tail.

    The position alone proves nothing: after a restore new commands may have passed it.
    """
    for tail in tails:
        envelope = tail.envelope
        held = await connection.fetchval(
            "select event_id from events where position = $1", envelope.position
        )
        if held != envelope.event_id:
            raise RelayAhead(
                f"{tail.topic}/{tail.partition} ends with event {envelope.event_id} at position "
                f"{envelope.position}, which the store does not hold: {WAY_OUT}"
            )
    return max((tail.envelope.relay_epoch for tail in tails), default=0)

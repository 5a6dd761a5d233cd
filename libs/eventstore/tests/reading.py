"""Reading a topic from the beginning, as an outsider."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deskstream_events import Envelope, Topic
from deskstream_eventstore import KafkaSettings


async def records(kafka: KafkaSettings, topic: Topic) -> list[tuple[Envelope, bytes]]:
    """Everything on a topic now, partition by partition in order."""
    name = topic.named(kafka.prefix)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, enable_auto_commit=False)
    await consumer.start()
    found: list[Any] = []
    try:
        partitions = [TopicPartition(name, n) for n in range(topic.partitions)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found += batch
    finally:
        await consumer.stop()
    found.sort(key=lambda record: (record.partition, record.offset))
    return [(Envelope.from_headers(record.headers), record.value) for record in found]

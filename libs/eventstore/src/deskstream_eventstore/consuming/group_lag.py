"""How far groups are behind, asked at the broker by a process that is not a member."""

import asyncio
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.kafka import KafkaSettings, admin

log = structlog.get_logger("deskstream")

ANSWER_SECONDS = 2.0


async def group_lag(kafka: KafkaSettings, consumers: Sequence[Consumer]) -> dict[str, int | None]:
    """Records not yet acknowledged, by consumer name; None where the broker does not answer."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return dict(await _ask(kafka, consumers))
    except (KafkaError, OSError) as error:
        log.warning("lag is unknown", error_code=type(error).__name__)
        return dict.fromkeys((consumer.name for consumer in consumers), None)


async def _ask(kafka: KafkaSettings, consumers: Sequence[Consumer]) -> dict[str, int]:
    client = admin(kafka, "lag")
    reader = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, enable_auto_commit=False)
    try:
        await client.start()
        await reader.start()
        found = {}
        for consumer in consumers:
            places = [
                TopicPartition(topic.named(kafka.prefix), n)
                for topic in consumer.topics
                for n in range(topic.partitions)
            ]
            group = f"{kafka.prefix}{consumer.name}"
            committed = await client.list_consumer_group_offsets(group, partitions=places)
            first = await reader.beginning_offsets(places)
            end = await reader.end_offsets(places)
            at = {place: done.offset for place, done in committed.items() if done.offset >= 0}
            found[consumer.name] = sum(
                max(0, end[place] - max(at.get(place, 0), first[place])) for place in places
            )
        return found
    finally:
        await reader.stop()
        await client.close()

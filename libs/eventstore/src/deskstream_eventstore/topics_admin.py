"""Topics of the catalogue on a broker: created, compared, dropped and made anew."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import NewTopic
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from deskstream_events import Topic
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.kafka import KafkaSettings, admin

WAIT = 30.0


class TopicDiffers(StoreError):
    """A topic exists with another number of partitions, which would reorder streams."""


async def create_topics(
    kafka: KafkaSettings, topics: Sequence[Topic], *, replication: int = 1
) -> list[str]:
    """Create what is missing; the names created. Raises TopicDiffers, aiokafka's errors."""
    client = admin(kafka, "topics")
    try:
        await client.start()
        existing = set(await client.list_topics())
        wanted = {topic.named(kafka.prefix): topic for topic in topics}
        for found in await client.describe_topics(sorted(existing & set(wanted))):
            topic = wanted[found["topic"]]
            if len(found["partitions"]) != topic.partitions:
                raise TopicDiffers(
                    f"{found['topic']} has {len(found['partitions'])} partitions, "
                    f"the catalogue says {topic.partitions}"
                )
        fresh = [
            NewTopic(
                name,
                topic.partitions,
                replication,
                topic_configs={
                    "retention.ms": str(int(topic.retention.total_seconds() * 1000)),
                    "cleanup.policy": "delete",
                },
            )
            for name, topic in wanted.items()
            if name not in existing
        ]
        if fresh:
            answer = await client.create_topics(fresh, timeout_ms=10_000)
            _raise_for(answer.topic_errors, TopicAlreadyExistsError)
        return [topic.name for topic in fresh]
    finally:
        await client.close()


async def drop_topics(kafka: KafkaSettings, topics: Sequence[Topic]) -> None:
    """Drop them and wait until they are gone. Raises aiokafka's errors, TimeoutError."""
    names = [topic.named(kafka.prefix) for topic in topics]
    client = admin(kafka, "topics")
    try:
        await client.start()
        answer = await client.delete_topics(names, timeout_ms=10_000)
        _raise_for(answer.topic_error_codes, UnknownTopicOrPartitionError)
        async with asyncio.timeout(WAIT):
            while set(await client.list_topics()) & set(names):  # noqa: ASYNC110 - must be polled
                await asyncio.sleep(0.05)
    finally:
        await client.close()


def _raise_for(errors: Sequence[tuple[object, ...]], harmless: type[Exception]) -> None:
    for _name, code, *_rest in errors:
        error = for_code(code)
        if code and not issubclass(error, harmless):
            raise error

"""Topics of the catalogue on a broker. Auto-creation is off, so this makes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from deskstream_events import TOPICS


@dataclass(frozen=True)
class TopicState:
    """A topic as the catalogue and the broker have it; `partitions` is 0 where it is missing."""

    name: str
    wanted: int
    partitions: int


async def listed(bootstrap: str, prefix: str) -> list[TopicState]:
    """The catalogue's topics and what the broker has of them."""
    async with _admin(bootstrap) as admin:
        found = await admin.describe_topics([topic.named(prefix) for topic in TOPICS])
    parts = {row["topic"]: len(row["partitions"]) for row in found}
    return [
        TopicState(t.named(prefix), t.partitions, parts.get(t.named(prefix), 0)) for t in TOPICS
    ]


async def create(bootstrap: str, prefix: str, replication: int = 1) -> list[str]:
    """Create what is missing; gives the new names. Raises aiokafka's KafkaError."""
    missing = {row.name for row in await listed(bootstrap, prefix) if row.partitions == 0}
    wanted = [
        NewTopic(
            topic.named(prefix),
            topic.partitions,
            replication,
            topic_configs={
                "retention.ms": str(int(topic.retention.total_seconds() * 1000)),
                "cleanup.policy": "delete",
            },
        )
        for topic in TOPICS
        if topic.named(prefix) in missing
    ]
    if wanted:
        async with _admin(bootstrap) as admin:
            answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            if code not in (0, TopicAlreadyExistsError.errno):
                raise for_code(code)(name)
    return sorted(missing)


async def delete(bootstrap: str, names: list[str]) -> None:
    """Delete topics with all they hold."""
    async with _admin(bootstrap) as admin:
        await admin.delete_topics(names)


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()

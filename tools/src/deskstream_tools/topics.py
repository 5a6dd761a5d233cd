"""Topics of the catalogue on a broker. Auto-creation is off, so this makes them."""

from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient

from deskstream_events import TOPICS
from deskstream_eventstore import KafkaSettings
from deskstream_eventstore.topics_admin import create_topics


@dataclass(frozen=True)
class TopicState:
    """A topic as the catalogue and the broker have it; `partitions` is 0 where it is missing."""

    name: str
    wanted: int
    partitions: int


async def listed(bootstrap: str, prefix: str) -> list[TopicState]:
    """The catalogue's topics and what the broker has of them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        found = await admin.describe_topics([topic.named(prefix) for topic in TOPICS])
    finally:
        await admin.close()
    parts = {row["topic"]: len(row["partitions"]) for row in found}
    return [
        TopicState(t.named(prefix), t.partitions, parts.get(t.named(prefix), 0)) for t in TOPICS
    ]


async def create(bootstrap: str, prefix: str) -> list[str]:
    """Create what is missing; gives the new names, without prefix. Raises TopicDiffers where one
    has another number of partitions, aiokafka's KafkaError."""
    return await create_topics(KafkaSettings(bootstrap, prefix), TOPICS)

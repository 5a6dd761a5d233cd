"""Topics of the catalogue on a broker. Auto-creation is off, so this makes them."""

from dataclasses import dataclass

import stamina
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from deskstream_events import TOPICS, Topic
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


@stamina.retry(on=GroupCoordinatorNotAvailableError, attempts=20, wait_max=0.5)
async def _committed(admin: AIOKafkaAdminClient, group: str) -> set[TopicPartition]:
    """Where a group has committed. A fresh broker first has to make the place for it."""
    return set(await admin.list_consumer_group_offsets(group))


async def starved(bootstrap: str, prefix: str) -> list[Topic]:
    """Topics that have forgotten events which some consumer of the catalogue never saw: it has no
    committed offset, and the topic no longer begins at its beginning. They want a republish."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    probe = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await probe.start()
        found = []
        for topic in TOPICS:
            name = topic.named(prefix)
            partitions = [TopicPartition(name, number) for number in range(topic.partitions)]
            if not any((await probe.beginning_offsets(partitions)).values()):
                continue
            groups = [f"{prefix}{consumer}" for consumer in topic.consumers]
            seen = [await _committed(admin, group) for group in groups]
            if any(not set(partitions) & offsets for offsets in seen):
                found.append(topic)
        return found
    finally:
        await probe.stop()
        await admin.close()

"""Topics of the catalogue on a real broker."""

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from deskstream_events.topics import TEAMS, TOPICS, Topic
from deskstream_tools import topics


async def send_and_forget(bootstrap: str, topic: str) -> None:
    """A record that the topic's retention has taken since."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    await producer.send_and_wait(topic, b"x", partition=0)
    await producer.stop()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=1)})
    await admin.close()


async def commit(bootstrap: str, group: str, topic: Topic, prefix: str) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, group_id=f"{prefix}{group}", enable_auto_commit=False
    )
    await consumer.start()
    part = TopicPartition(topic.named(prefix), 0)
    consumer.assign([part])
    await consumer.commit({part: 1})
    await consumer.stop()


async def test_all_topics_of_the_catalogue_are_made_once(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    before = await topics.listed(kafka_bootstrap, topic_prefix)
    assert {row.partitions for row in before} == {0}
    assert len(await topics.create(kafka_bootstrap, topic_prefix)) == len(TOPICS)
    assert await topics.create(kafka_bootstrap, topic_prefix) == []
    after = await topics.listed(kafka_bootstrap, topic_prefix)
    assert [row.partitions for row in after] == [row.wanted for row in after]


async def test_a_new_consumer_of_a_topic_that_forgot_events_is_noticed(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    await topics.create(kafka_bootstrap, topic_prefix)
    assert await topics.starved(kafka_bootstrap, topic_prefix) == []
    await send_and_forget(kafka_bootstrap, TEAMS.named(topic_prefix))
    assert await topics.starved(kafka_bootstrap, topic_prefix) == [TEAMS]
    for consumer in TEAMS.consumers:
        await commit(kafka_bootstrap, consumer, TEAMS, topic_prefix)
    assert await topics.starved(kafka_bootstrap, topic_prefix) == []

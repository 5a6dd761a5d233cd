"""The end of the log, looked at before a relay publishes."""

import pytest

from deskstream_events import topics
from deskstream_eventstore import KafkaSettings, TopicMissing
from deskstream_eventstore.tail import read_tails


async def test_a_topic_that_is_missing_is_named_with_the_way_out(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    with pytest.raises(TopicMissing, match="desk topics create") as missing:
        await read_tails(KafkaSettings(kafka_bootstrap, topic_prefix), [topics.TEAMS])
    assert topics.TEAMS.named(topic_prefix) in str(missing.value)

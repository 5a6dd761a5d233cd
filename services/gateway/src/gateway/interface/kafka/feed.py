"""Everything that people at the desk may want to hear of at once."""

from typing import Any

from deskstream_events.event import registry
from deskstream_events.topics import MESSAGES, TEAMS, TICKETS, USERS
from deskstream_eventstore import Consumer, Fact, Work
from gateway.application.follow_desk import FollowDesk


def feed_consumer(follow: FollowDesk) -> Consumer:
    """Follows every type of its topics, those of later versions included."""
    consumer = Consumer("gateway.feed", (TICKETS, MESSAGES, USERS, TEAMS))

    async def when_something_happened(work: Work, fact: Fact[Any]) -> None:
        await follow.happened(work, fact.event, fact.stream_id, fact.version)

    for topic in consumer.topics:
        for kind in registry.of_stream(topic.stream_type).values():
            consumer.on(kind)(when_something_happened)
    return consumer

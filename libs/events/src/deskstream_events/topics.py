"""The catalogue of topics: one per aggregate type, carrying all its events in order.

ACLs, network policies, AsyncAPI and docs are generated from here and tested against the code.
"""

from dataclasses import dataclass
from datetime import timedelta

RETENTION = timedelta(days=14)
PARTITIONS = 6


@dataclass(frozen=True)
class Topic:
    """One topic; `name` is without the installation's optional prefix."""

    name: str
    owner: str
    stream_type: str
    consumers: tuple[str, ...]
    """Consumer names (`service.subject`), each a Kafka group."""
    key: str = "stream id"
    partitions: int = PARTITIONS
    """Fixed for good: another count would reorder streams."""
    retention: timedelta = RETENTION

    def named(self, prefix: str) -> str:
        """The name on the broker, under an optional prefix (`t1.ticketing.ticket.v1`)."""
        return f"{prefix}{self.name}"


USERS = Topic(
    "gateway.user.v1",
    "gateway",
    "gateway.user",
    ("ticketing.people", "notifier.mail", "gateway.feed"),
)
TEAMS = Topic("gateway.team.v1", "gateway", "gateway.team", ("ticketing.people", "gateway.feed"))
AUDIT = Topic("gateway.audit.v1", "gateway", "gateway.audit", ())
TICKETS = Topic(
    "ticketing.ticket.v1", "ticketing", "ticketing.ticket", ("notifier.mail", "gateway.feed")
)
CALLS = Topic("ticketing.call.v1", "ticketing", "ticketing.call", ())
MESSAGES = Topic(
    "notifier.message.v1", "notifier", "notifier.message", ("ticketing.delivery", "gateway.feed")
)
INBOUND = Topic("notifier.inbound.v1", "notifier", "notifier.inbound", ("ticketing.mail",))

TOPICS: tuple[Topic, ...] = (USERS, TEAMS, AUDIT, TICKETS, CALLS, MESSAGES, INBOUND)


def topic_of(stream_type: str) -> Topic:
    """The topic that carries an aggregate type. Raises KeyError."""
    for topic in TOPICS:
        if topic.stream_type == stream_type:
            return topic
    raise KeyError(stream_type)


def owned_by(service: str) -> tuple[Topic, ...]:
    """The topics that only this service may publish to."""
    return tuple(t for t in TOPICS if t.owner == service)

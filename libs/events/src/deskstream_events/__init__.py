"""The published language of Deskstream. Importing it registers every event type."""

from deskstream_events.envelope import BadEnvelope, Envelope, Meta
from deskstream_events.event import (
    REDACTED,
    Event,
    Instant,
    Personal,
    PersonalText,
    Registry,
    UnknownEventType,
    registry,
)
from deskstream_events.gateway import audit, team, user
from deskstream_events.notifier import inbound, message
from deskstream_events.ticketing import call, incoming, merging, reply, standing, ticket
from deskstream_events.topics import TOPICS, Topic, owned_by, topic_of

__all__ = [
    "REDACTED",
    "TOPICS",
    "BadEnvelope",
    "Envelope",
    "Event",
    "Instant",
    "Meta",
    "Personal",
    "PersonalText",
    "Registry",
    "Topic",
    "UnknownEventType",
    "audit",
    "call",
    "inbound",
    "incoming",
    "merging",
    "message",
    "owned_by",
    "registry",
    "reply",
    "standing",
    "team",
    "ticket",
    "topic_of",
    "user",
]

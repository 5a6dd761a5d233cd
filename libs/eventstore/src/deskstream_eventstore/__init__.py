"""Append, load, relay to Kafka, consume with effect once, park, replay, rebuild, redact."""

from deskstream_eventstore.command_log import Idempotency
from deskstream_eventstore.errors import (
    AlreadyDone,
    AnswerNotKept,
    Conflict,
    EventTooLarge,
    InFlight,
    KeyReused,
    NotClaimed,
    StoreError,
)
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.lease import Lease, LeaseLost
from deskstream_eventstore.rebuild import RebuildReport, rebuild
from deskstream_eventstore.recorded import Recorded
from deskstream_eventstore.redaction import Redaction, redact
from deskstream_eventstore.relay import Relay
from deskstream_eventstore.statements import Statement, compiled, run
from deskstream_eventstore.subjects import SubjectHasher
from deskstream_eventstore.tables import store_metadata
from deskstream_eventstore.tail import RelayAhead, TopicMissing
from deskstream_eventstore.topics_admin import create_topics, drop_topics
from deskstream_eventstore.views import View
from deskstream_eventstore.work import Database, Origin, Work, retrying

__all__ = [
    "AlreadyDone",
    "AnswerNotKept",
    "Conflict",
    "Database",
    "EventTooLarge",
    "Idempotency",
    "InFlight",
    "KafkaSettings",
    "KeyReused",
    "Lease",
    "LeaseLost",
    "NotClaimed",
    "Origin",
    "RebuildReport",
    "Recorded",
    "Redaction",
    "Relay",
    "RelayAhead",
    "Statement",
    "StoreError",
    "SubjectHasher",
    "TopicMissing",
    "View",
    "Work",
    "compiled",
    "create_topics",
    "drop_topics",
    "rebuild",
    "redact",
    "retrying",
    "run",
    "store_metadata",
]

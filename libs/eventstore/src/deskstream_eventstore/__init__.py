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
from deskstream_eventstore.recorded import Recorded
from deskstream_eventstore.statements import Statement, compiled, run
from deskstream_eventstore.subjects import SubjectHasher
from deskstream_eventstore.tables import store_metadata
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
    "NotClaimed",
    "Origin",
    "Recorded",
    "Statement",
    "StoreError",
    "SubjectHasher",
    "View",
    "Work",
    "compiled",
    "retrying",
    "run",
    "store_metadata",
]

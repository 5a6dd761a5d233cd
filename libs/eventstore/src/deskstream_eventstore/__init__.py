"""Append, load, relay to Kafka, consume with effect once, park, replay, rebuild, redact."""

from deskstream_eventstore.command_log import Idempotency
from deskstream_eventstore.consumer import Consumer, Fact, Permanent, Standing
from deskstream_eventstore.consuming.apply import NotWritable
from deskstream_eventstore.consuming.patience import Patience
from deskstream_eventstore.consuming.processor import Processor
from deskstream_eventstore.dispatcher import Dispatcher, Perform, Settle
from deskstream_eventstore.effects import (
    Effect,
    Failed,
    Outcome,
    Retry,
    Sent,
    Unknown,
    plan_effect,
)
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
from deskstream_eventstore.migrations import create_store
from deskstream_eventstore.prune import Pruned, prune
from deskstream_eventstore.rebuild import RebuildReport, rebuild
from deskstream_eventstore.recorded import Recorded
from deskstream_eventstore.redaction import Redaction, redact
from deskstream_eventstore.relay import Relay
from deskstream_eventstore.replay import (
    NotThere,
    Replay,
    StillUnreadable,
    replay_dead_letter,
    replay_parked,
)
from deskstream_eventstore.republish import Republished, republish
from deskstream_eventstore.resolve import NotHeld, resolve_effect
from deskstream_eventstore.runtime import ConsumerRuntime
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
    "Consumer",
    "ConsumerRuntime",
    "Database",
    "Dispatcher",
    "Effect",
    "EventTooLarge",
    "Fact",
    "Failed",
    "Idempotency",
    "InFlight",
    "KafkaSettings",
    "KeyReused",
    "Lease",
    "LeaseLost",
    "NotClaimed",
    "NotHeld",
    "NotThere",
    "NotWritable",
    "Origin",
    "Outcome",
    "Patience",
    "Perform",
    "Permanent",
    "Processor",
    "Pruned",
    "RebuildReport",
    "Recorded",
    "Redaction",
    "Relay",
    "RelayAhead",
    "Replay",
    "Republished",
    "Retry",
    "Sent",
    "Settle",
    "Standing",
    "Statement",
    "StillUnreadable",
    "StoreError",
    "SubjectHasher",
    "TopicMissing",
    "Unknown",
    "View",
    "Work",
    "compiled",
    "create_store",
    "create_topics",
    "drop_topics",
    "plan_effect",
    "prune",
    "rebuild",
    "redact",
    "replay_dead_letter",
    "replay_parked",
    "republish",
    "resolve_effect",
    "retrying",
    "run",
    "store_metadata",
]

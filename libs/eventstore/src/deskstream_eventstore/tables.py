"""The tables of a store (01-events §2). Every service's first migration creates them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, UUID

store_metadata = MetaData()

_INSTANT = DateTime(timezone=True)
_NOW = func.clock_timestamp()

events = Table(
    "events",
    store_metadata,
    Column("position", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("stream_id", UUID, nullable=False),
    Column("stream_type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", UUID, nullable=False),
    Column("type", Text, nullable=False),
    Column("schema_version", SmallInteger, nullable=False),
    Column("data", JSON, nullable=False),
    Column("meta", JSON, nullable=False),
    Column("recorded_at", _INSTANT, nullable=False, server_default=_NOW),
    UniqueConstraint("stream_id", "version", name="events_stream_id_version_key"),
)

event_subject = Table(
    "event_subject",
    store_metadata,
    Column("subject", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True),
)

erased = Table(
    "erased",
    store_metadata,
    Column("subject", Text, primary_key=True),
    Column("at", _INSTANT, nullable=False),
)

relay_lease = Table(
    "relay_lease",
    store_metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("expires_at", _INSTANT, nullable=False),
)

relay_checkpoint = Table(
    "relay_checkpoint",
    store_metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

relay_held = Table(
    "relay_held",
    store_metadata,
    Column("stream_id", UUID, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("held_at", _INSTANT, nullable=False, server_default=_NOW),
)

log_head = Table(
    "log_head",
    store_metadata,
    Column("name", Text, primary_key=True),
    Column("safe_position", BigInteger, nullable=False),
    Column("seen_at", _INSTANT, nullable=False, server_default=_NOW),
)

inbox = Table(
    "inbox",
    store_metadata,
    Column("consumer", Text, primary_key=True),
    Column("event_id", UUID, primary_key=True),
    Column("processed_at", _INSTANT, nullable=False, server_default=_NOW),
    Index("inbox_processed_at", "processed_at"),
)

stream_cursor = Table(
    "stream_cursor",
    store_metadata,
    Column("consumer", Text, primary_key=True),
    Column("stream_id", UUID, primary_key=True),
    Column("last_version", Integer, nullable=False),
    postgresql_with={"fillfactor": 50},
)
"""Half-full pages: a cursor moves in place with each batch, a fifth of a batch's cost otherwise."""

parked_event = Table(
    "parked_event",
    store_metadata,
    Column("consumer", Text, primary_key=True),
    Column("stream_id", UUID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("event", JSON, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", _INSTANT),
    Column("parked_at", _INSTANT, nullable=False, server_default=_NOW),
)

dead_letter = Table(
    "dead_letter",
    store_metadata,
    Column("id", UUID, primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("value", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("at", _INSTANT, nullable=False, server_default=_NOW),
    Column("replayed_at", _INSTANT),
    Column("replayed_by", Text),
    Column("reason", Text),
    UniqueConstraint(
        "consumer", "topic", "partition", "offset", "digest", name="dead_letter_record_key"
    ),
)

side_effect = Table(
    "side_effect",
    store_metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("provider_id", Text),
    Column("code", Text),
    Column("result", JSON),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_try_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("holder", Text),
    Column("taken_at", _INSTANT),
    Column("stream_type", Text),
    Column("stream_id", UUID),
    Column("origin", JSON),
    Column("resolved_by", Text),
    Column("reason", Text),
    Column("created_at", _INSTANT, nullable=False, server_default=_NOW),
    Column("settled_at", _INSTANT),
    Index(
        "side_effect_due",
        "next_try_at",
        postgresql_where=text("status in ('pending', 'sending')"),
    ),
)

operation = Table(
    "operation",
    store_metadata,
    Column("id", UUID, primary_key=True),
    Column("at", _INSTANT, nullable=False, server_default=_NOW),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("outcome", Text, nullable=False),
)

command_log = Table(
    "command_log",
    store_metadata,
    Column("principal", Text, primary_key=True),
    Column("method", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("response", JSON),
    Column("streams", ARRAY(UUID), nullable=False, server_default=text("'{}'")),
    Column("created_at", _INSTANT, nullable=False, server_default=_NOW),
    Index("command_log_created_at", "created_at"),
)

projection_checkpoint = Table(
    "projection_checkpoint",
    store_metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
)

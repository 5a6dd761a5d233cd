"""The gateway's own tables, beside those of the event store.

`user_view` and `team_view` are read models that can be rebuilt; the feed and the replica of tickets
follow what others publish; the others are the truth about secrets, sessions and keys, which events
never carry.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from deskstream_chassis.replica import replica_tables

metadata = MetaData()

Instant = DateTime(timezone=True)

STATUS = (
    "case when suspended then 'suspended' when approved then 'active' "
    "when verified then 'waiting' else 'unverified' end"
)

user_view = Table(
    "user_view",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text),
    Column("teams", ARRAY(Uuid), nullable=False),
    Column("verified", Boolean, nullable=False, server_default=text("false")),
    Column("approved", Boolean, nullable=False, server_default=text("false")),
    Column("suspended", Boolean, nullable=False, server_default=text("false")),
    Column("factor", Boolean, nullable=False, server_default=text("false")),
    Column("status", Text, Computed(STATUS, persisted=True), nullable=False),
    Column("version", Integer, nullable=False),
    Column("registered_at", Instant, nullable=False),
    Index("user_view_status", "status", "user_id"),
)

team_view = Table(
    "team_view",
    metadata,
    Column("team_id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

user_email = Table(
    "user_email",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("user_id", Uuid, nullable=False, unique=True),
    comment="whose address it is, by the keyed hash of its folded form: no address in an index",
)

credential = Table(
    "credential",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

factor = Table(
    "factor",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("secret", Text),
    Column("candidate", Text),
    Column("candidate_until", Instant),
    Column("last_step", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("blocked_until", Instant),
    comment="second factors; secrets are sealed for their account",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("code_hash", LargeBinary, primary_key=True),
)

pending_sign_in = Table(
    "pending_sign_in",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Index("pending_sign_in_user", "user_id"),
    Index("pending_sign_in_expiry", "expires_at"),
)

verify_link = Table(
    "verify_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("verify_link_user", "user_id", "issued_at"),
    Index("verify_link_expiry", "expires_at"),
)

reset_link = Table(
    "reset_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("reset_link_user", "user_id", "issued_at"),
    Index("reset_link_expiry", "expires_at"),
)

oidc_walk = Table(
    "oidc_walk",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("verifier", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("session_id", Uuid),
    Column("links_user", Uuid),
    Column("links_role", Text),
    Index("oidc_walk_expiry", "expires_at"),
)

oidc_identity = Table(
    "oidc_identity",
    metadata,
    Column("identity_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, nullable=False, unique=True),
    Column("linked_at", Instant, nullable=False),
    comment="whom an issuer's subject opens, by the keyed hash of issuer, tenant and subject",
)

session = Table(
    "session",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("user_id", Uuid, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("device", Text, nullable=False, server_default="Unknown browser"),
    Column("previous_hash", LargeBinary),
    Column("previous_until", Instant),
    Column("proven_at", Instant),
    Column("rotate_due", Boolean, nullable=False, server_default=text("false")),
    Index(
        "session_previous",
        "previous_hash",
        postgresql_where=text("previous_hash is not null"),
    ),
    Index("session_open", "user_id", postgresql_where=text("ended_at is null")),
    Index("session_expiry", "expires_at"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("rate_per_minute", Integer),
    Column("created_by", Uuid),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("previous_hash", LargeBinary),
    Column("previous_until", Instant),
)

known_device = Table(
    "known_device",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("known_device_user", "user_id", "last_seen_at"),
    Index("known_device_expiry", "expires_at"),
)

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant),
    Index("sign_in_tries_age", "last_at"),
)
"""Of accounts that exist and of those that do not: by the keyed hash of the address."""

audit_link = Table(
    "audit_link",
    metadata,
    Column("stream_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("previous_stream", Uuid),
    Column("previous_version", Integer),
    Column("digest", LargeBinary, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    Index("audit_link_seq", "seq", unique=True),
)
"""The chain beside the trail: each link authenticates its event and the link before it."""

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("begins_after", BigInteger, primary_key=True, autoincrement=False),
)
"""The position in the store up to which the trail has no links."""

REPLICA = replica_tables(metadata)
"""Who may see which ticket, as ticketing and the gateway's own teams tell it."""

feed = Table(
    "feed",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("stream_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ticket_id", Uuid),
    Column("at", Instant, nullable=False, server_default=text("clock_timestamp()")),
    Index("feed_at", "at"),
)
"""What happened, in the order in which every process tells it."""

feed_head = Table(
    "feed_head",
    metadata,
    Column("lone", Boolean, primary_key=True, server_default=text("true")),
    Column("seq", BigInteger, nullable=False),
)
"""One row: the number given out last. Who takes the next holds it until his commit."""

presence = Table(
    "presence",
    metadata,
    Column("ticket_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("state", Text, nullable=False),
    Column("until", Instant, nullable=False),
    Index("presence_until", "until"),
    prefixes=["unlogged"],
)

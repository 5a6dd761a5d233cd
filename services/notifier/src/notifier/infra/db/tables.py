"""The notifier's own tables, beside those of the event store; migrations create them."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("role", Text),
    Column("status", Text, nullable=False),
)
Index(
    "person_active_admins",
    person.c.id,
    postgresql_where=text("role = 'admin' and status = 'active'"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("team_id", Uuid, nullable=False),
    Column("requester_name", Text),
    Column("requester_email", Text),
    Column("cc", ARRAY(Text), nullable=False),
)

customer_mail = Table(
    "customer_mail",
    metadata,
    Column("inbound_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    _at("at"),
)
Index("customer_mail_ticket", customer_mail.c.ticket_id, customer_mail.c.at)

pending_reply = Table(
    "pending_reply",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("content", JSON, nullable=False),
    Column("subjects", ARRAY(Text), nullable=False),
)

late_notice = Table(
    "late_notice",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("ticket_id", Uuid, nullable=False),
    Column("assigned_by", Text, nullable=False),
    _at("at"),
    Column("standing", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("traceparent", Text),
)
Index("late_notice_user", late_notice.c.user_id, late_notice.c.at)

letter = Table(
    "letter",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("content", JSON, nullable=False),
    Column(
        "subjects",
        ARRAY(Text),
        nullable=False,
        comment="keyed hashes of the recipients, for redaction",
    ),
    comment="words and addresses of mails whose fate is open; gone once it is final",
)

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ticket_id", Uuid),
    Column("reply_id", Uuid),
    Column("mail_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("code", Text),
    Column("attempts", Integer, nullable=False),
    _at("queued_at"),
    _at("changed_at"),
)
Index(
    "message_thread",
    message.c.ticket_id,
    message.c.changed_at,
    message.c.id,
    postgresql_where=text("status = 'sent'"),
)

mailbox_place = Table(
    "mailbox_place",
    metadata,
    Column("name", Text, primary_key=True),
    Column("uid_validity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
)

quarantined_mail = Table(
    "quarantined_mail",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("from_email", Text),
    Column("subject", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("files", Integer, nullable=False),
    _at("at"),
)
Index("quarantined_mail_at", quarantined_mail.c.at, quarantined_mail.c.id)

suppressed_address = Table(
    "suppressed_address",
    metadata,
    Column("address_hash", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    _at("since"),
    Column("id", Uuid, nullable=False),
    Column("message_id", Uuid),
)
Index("suppressed_address_id", suppressed_address.c.id, unique=True)

automatic_mail = Table(
    "automatic_mail",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("address_hash", Text, nullable=False),
    _at("at"),
)
Index("automatic_mail_address", automatic_mail.c.address_hash, automatic_mail.c.at)
Index("automatic_mail_at", automatic_mail.c.at)

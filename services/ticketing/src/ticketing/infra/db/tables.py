"""Ticketing's own tables, beside those of the event store. Read models carry no foreign keys: they
are rebuilt apart from each other."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

metadata = MetaData()

ticket_number = Sequence("ticket_number", metadata=metadata, start=1)


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


ticket = Table(
    "ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("team_id", Uuid, nullable=False),
    Column("assignee_id", Uuid),
    Column("requester_name", Text),
    Column("requester_email", Text),
    Column("tags", ARRAY(Text), nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("shared", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    Column("deleted", Boolean, nullable=False, server_default=false()),
    Column("aside", Text),
    Column("merged_into", Uuid),
    Column("watchers", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    _at("snoozed_until", nullable=True),
    Column(
        "status_since",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
    ),
    _at("created_at"),
    _at("updated_at"),
    Column("version", Integer, nullable=False),
    UniqueConstraint("number", name="ticket_number_key"),
)
Index("ticket_by_activity", ticket.c.updated_at, ticket.c.id)
Index("ticket_by_creation", ticket.c.created_at, ticket.c.id)
Index("ticket_by_status", ticket.c.status, ticket.c.updated_at, ticket.c.id)
Index("ticket_by_team", ticket.c.team_id, ticket.c.updated_at, ticket.c.id)
Index("ticket_by_assignee", ticket.c.assignee_id, ticket.c.updated_at, ticket.c.id)
Index("ticket_by_tag", ticket.c.tags, postgresql_using="gin")
Index(
    "ticket_snoozed",
    ticket.c.snoozed_until,
    postgresql_where=text("snoozed_until is not null"),
)
Index(
    "ticket_solved",
    ticket.c.status_since,
    postgresql_where=text("status = 'solved' and aside is null and not deleted"),
)
Index("ticket_by_requester", text("lower(requester_email)"), _table=ticket)
Index("ticket_watched", ticket.c.watchers, postgresql_using="gin")

participant = Table(
    "participant",
    metadata,
    Column("ticket_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("email", Text, nullable=False),
    PrimaryKeyConstraint("ticket_id", "kind", "email"),
)
Index("participant_by_email", participant.c.email, participant.c.ticket_id)

reply = Table(
    "reply",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("state", Text, nullable=False),
    _at("queued_at"),
    _at("undo_until"),
    _at("changed_at"),
    Column("code", Text),
    Column("mail_id", Text),
    Column("attempts", Integer),
)
Index("reply_due", reply.c.undo_until, postgresql_where=text("state = 'queued'"))
Index("reply_scheduled", reply.c.undo_until, postgresql_where=text("state = 'scheduled'"))
Index(
    "reply_troubled",
    reply.c.changed_at,
    reply.c.id,
    postgresql_where=text("state in ('failed', 'held', 'bounced')"),
)

mail_mark = Table(
    "mail_mark",
    metadata,
    Column("mail_id", Text, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("reply_id", Uuid),
)
"""Message-IDs of the mails of a ticket that customers got, as the notifier told them."""

attachment = Table(
    "attachment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media_type", Text, nullable=False),
    _at("added_at"),
)
Index("attachment_by_key", attachment.c.key)

quarantine = Table(
    "quarantine",
    metadata,
    Column("key", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    _at("due"),
)
"""Files that are not given out: `waiting` for a scanner (again when due), or `infected`."""
Index("quarantine_due", quarantine.c.due, postgresql_where=text("state = 'waiting'"))

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text),
    Column("active", Boolean, nullable=False),
    Column("teams", ARRAY(Uuid), nullable=False),
)
"""Replica of the gateway's users; several may have had an address, the active one counts."""
Index("person_by_email", text("lower(email)"), _table=person)

team = Table(
    "team",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
)
"""Replica of the gateway's teams. Support is a row from the start."""

search_text = Table(
    "search_text",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("ticket_id", Uuid, nullable=False),
    Column("internal", Boolean, nullable=False),
    Column("words", TSVECTOR, nullable=False),
)
"""A row a message; `ticket_id` is where it is at home, merges not followed."""
Index("search_text_words", search_text.c.words, postgresql_using="gin")
Index("search_text_of_ticket", search_text.c.ticket_id)

draft = Table(
    "draft",
    metadata,
    Column("ticket_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("mode", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("cc", ARRAY(Text)),
    Column("attachment_ids", ARRAY(Uuid), nullable=False),
    _at("updated_at"),
    PrimaryKeyConstraint("ticket_id", "user_id", "mode"),
)

signature = Table(
    "signature",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    _at("updated_at"),
)
Index("signature_of_user", signature.c.user_id)
Index(
    "signature_default",
    signature.c.user_id,
    unique=True,
    postgresql_where=text("is_default"),
)

canned_response = Table(
    "canned_response",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("team_id", Uuid),
    _at("updated_at"),
    Column("updated_by", Text, nullable=False),
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid, nullable=False),
    Column("team_id", Uuid),
    Column("title", Text, nullable=False),
    Column("query", Text, nullable=False),
    _at("updated_at"),
)
"""`query`: JSON, as it was asked for."""
Index("saved_view_of_owner", saved_view.c.owner_id)
Index("saved_view_of_team", saved_view.c.team_id)

call = Table(
    "call",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("direction", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("phone", Text),
    Column("caller_name", Text),
    Column("agent_id", Uuid),
    Column("extension", Text),
    _at("started_at"),
    Column("seconds", Integer, nullable=False),
    Column("team_id", Uuid, nullable=False),
    Column("ticket_id", Uuid),
)
Index("call_by_start", call.c.started_at, call.c.id)
Index("call_of_ticket", call.c.ticket_id)
Index("call_by_phone", call.c.phone, postgresql_where=text("ticket_id is not null"))

call_report = Table(
    "call_report",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("call_id", Uuid, nullable=False),
)
"""Which reports have been taken: a keyed hash of what makes a call this one."""

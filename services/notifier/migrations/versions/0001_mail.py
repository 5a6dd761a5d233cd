"""The event store, replicas of staff and tickets, letters, and who is not to be mailed.

Revision ID: 0001
"""

from alembic import op

from deskstream_eventstore import create_store

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
create table person (
    id uuid primary key,
    name text not null,
    email text not null,
    role text,
    status text not null
);
create index person_active_admins on person (id) where role = 'admin' and status = 'active';

create table ticket (
    id uuid primary key,
    number integer not null,
    subject text not null,
    team_id uuid not null,
    requester_name text,
    requester_email text,
    cc text[] not null
);

create table pending_reply (
    id uuid primary key,
    ticket_id uuid not null,
    content json not null,
    subjects text[] not null
);

create table late_notice (
    event_id uuid primary key,
    user_id uuid not null,
    ticket_id uuid not null,
    assigned_by text not null,
    at timestamptz not null,
    standing text not null,
    correlation_id text not null,
    traceparent text
);
create index late_notice_user on late_notice (user_id, at);

create table letter (
    message_id uuid primary key,
    content json not null,
    subjects text[] not null
);
comment on table letter is 'words and addresses of mails whose fate is open; gone once it is final';
comment on column letter.subjects is 'keyed hashes of the recipients, for redaction';

create table message (
    id uuid primary key,
    kind text not null,
    ticket_id uuid,
    reply_id uuid,
    mail_id text not null,
    status text not null,
    code text,
    attempts integer not null,
    queued_at timestamptz not null,
    changed_at timestamptz not null
);
create index message_thread on message (ticket_id, changed_at, id) where status = 'sent';

create table suppressed_address (
    address_hash text primary key,
    reason text not null,
    since timestamptz not null
);

create table automatic_mail (
    message_id uuid primary key,
    address_hash text not null,
    at timestamptz not null
);
create index automatic_mail_address on automatic_mail (address_hash, at);
create index automatic_mail_at on automatic_mail (at);
"""


def upgrade() -> None:
    """Create everything."""
    create_store(op)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)

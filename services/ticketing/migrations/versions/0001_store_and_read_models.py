"""The event store, the read models, the replicas of users and teams.

Revision ID: 0001
"""

from alembic import op

from deskstream_eventstore import store_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
create sequence ticket_number;

create table ticket (
    id uuid primary key,
    number integer not null constraint ticket_number_key unique,
    channel text not null,
    subject text not null,
    status text not null,
    priority text not null,
    team_id uuid not null,
    assignee_id uuid,
    requester_name text,
    requester_email text,
    tags text[] not null,
    opened_by text not null,
    shared uuid[] not null default '{}',
    deleted boolean not null default false,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    version integer not null
);
create index ticket_by_activity on ticket (updated_at, id);
create index ticket_by_creation on ticket (created_at, id);
create index ticket_by_status on ticket (status, updated_at, id);
create index ticket_by_team on ticket (team_id, updated_at, id);
create index ticket_by_assignee on ticket (assignee_id, updated_at, id);
create index ticket_by_tag on ticket using gin (tags);

create table participant (
    ticket_id uuid not null,
    kind text not null,
    email text not null,
    primary key (ticket_id, kind, email)
);
create index participant_by_email on participant (email, ticket_id);

create table reply (
    id uuid primary key,
    ticket_id uuid not null,
    author_id uuid not null,
    state text not null,
    queued_at timestamptz not null,
    undo_until timestamptz not null,
    changed_at timestamptz not null,
    code text,
    mail_id text,
    attempts integer
);
create index reply_due on reply (undo_until) where state = 'queued';
create index reply_troubled on reply (changed_at, id) where state in ('failed', 'held');

create table attachment (
    id uuid primary key,
    ticket_id uuid not null,
    key text not null,
    sha256 text not null,
    size bigint not null,
    media_type text not null,
    added_at timestamptz not null
);
create index attachment_by_key on attachment (key);

create table person (
    id uuid primary key,
    email text not null,
    name text not null,
    role text,
    active boolean not null,
    teams uuid[] not null
);
create index person_by_email on person (lower(email));

create table team (
    id uuid primary key,
    title text not null,
    restricted boolean not null
);
insert into team values ('00000000-0000-7000-8000-000000000001', 'Support', false);
"""


def upgrade() -> None:
    """Create everything."""
    store_metadata.create_all(op.get_bind(), checkfirst=False)
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)

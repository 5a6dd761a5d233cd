"""The event store, accounts, sessions and keys.

Revision ID: 0001
"""

from alembic import op

from deskstream_eventstore import store_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
create table user_view (
    user_id uuid primary key,
    email text not null,
    name text not null,
    role text,
    teams uuid[] not null,
    verified boolean not null default false,
    approved boolean not null default false,
    suspended boolean not null default false,
    status text not null generated always as (
        case when suspended then 'suspended' when approved then 'active'
        when verified then 'waiting' else 'unverified' end) stored,
    version integer not null,
    registered_at timestamptz not null
);
create index user_view_status on user_view (status, user_id);

create table team_view (
    team_id uuid primary key,
    title text not null,
    restricted boolean not null,
    version integer not null
);

create table user_email (
    address_hash text primary key,
    user_id uuid not null unique
);
comment on table user_email is
    'whose address it is, by the keyed hash of its folded form: no address in an index';

create table credential (
    user_id uuid primary key,
    password_hash text not null,
    changed_at timestamptz not null
);

create table verify_link (
    token_hash bytea primary key,
    user_id uuid not null,
    password_hash text not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index verify_link_user on verify_link (user_id, issued_at);
create index verify_link_expiry on verify_link (expires_at);

create table session (
    session_id uuid primary key,
    token_hash bytea not null unique,
    user_id uuid not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index session_open on session (user_id) where ended_at is null;
create index session_expiry on session (expires_at);

create table api_key (
    key_id text primary key,
    secret_hash bytea not null,
    name text not null,
    scopes text[] not null,
    rate_per_minute integer,
    created_by uuid,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
"""


def upgrade() -> None:
    """Create everything."""
    store_metadata.create_all(op.get_bind())
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)

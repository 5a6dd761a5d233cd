"""The realtime feed, the facts of tickets that it is shown by, and presence.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FEED = """
create table feed (
    seq bigint not null primary key,
    type text not null,
    stream_id uuid not null,
    version integer not null,
    ticket_id uuid,
    at timestamptz not null default clock_timestamp()
)
"""
HEAD = """
create table feed_head (
    lone boolean not null default true primary key check (lone),
    seq bigint not null
)
"""
TICKETS = """
create table ticket_access (
    ticket_id uuid not null primary key,
    number bigint not null unique,
    team_id uuid not null,
    opened_by text not null,
    assignee_id uuid,
    shared uuid[] not null,
    deleted boolean not null,
    aside boolean not null,
    unsolved boolean not null
)
"""
OPEN = """
create index ticket_access_open on ticket_access (assignee_id, ticket_id)
where unsolved and not aside and not deleted
"""
PRESENCE = """
create unlogged table presence (
    ticket_id uuid not null,
    user_id uuid not null,
    state text not null,
    until timestamptz not null,
    primary key (ticket_id, user_id)
)
"""


def upgrade() -> None:
    """Empty until the consumer `gateway.feed` has read its topics from their beginning."""
    op.execute(FEED)
    op.execute("create index feed_at on feed (at)")
    op.execute(HEAD)
    op.execute("insert into feed_head (seq) values (0)")
    op.execute(TICKETS)
    op.execute(OPEN)
    op.execute(
        "create table team_access (team_id uuid not null primary key, restricted boolean not null)"
    )
    op.execute(
        "create table replica_contact "
        "(consumer text not null primary key, as_of timestamptz not null)"
    )
    op.execute(PRESENCE)
    op.execute("create index presence_until on presence (until)")

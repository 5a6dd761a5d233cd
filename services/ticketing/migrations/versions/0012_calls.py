"""Calls, and which reports of them have been taken.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = """
create table call (
    id uuid primary key,
    direction text not null,
    outcome text not null,
    phone text,
    caller_name text,
    agent_id uuid,
    extension text,
    started_at timestamptz not null,
    seconds integer not null,
    team_id uuid not null,
    ticket_id uuid
);
create index call_by_start on call (started_at, id);
create index call_of_ticket on call (ticket_id);
create index call_by_phone on call (phone) where ticket_id is not null;
create table call_report (
    digest text primary key,
    call_id uuid not null
);
"""


def upgrade() -> None:
    """Create the tables and the indexes."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

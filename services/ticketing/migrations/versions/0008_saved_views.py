"""Saved views; tickets found by their requester.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = """
create table saved_view (
    id uuid primary key,
    owner_id uuid not null,
    team_id uuid,
    title text not null,
    query text not null,
    updated_at timestamptz not null
);
create index saved_view_of_owner on saved_view (owner_id);
create index saved_view_of_team on saved_view (team_id);
create index ticket_by_requester on ticket (lower(requester_email));
"""


def upgrade() -> None:
    """Create the table and the index."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

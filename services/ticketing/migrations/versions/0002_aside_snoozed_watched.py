"""Tickets that are snoozed, taken aside or watched.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = """
alter table ticket add column aside text;
alter table ticket add column watchers uuid[] not null default '{}';
alter table ticket add column snoozed_until timestamptz;
create index ticket_snoozed on ticket (snoozed_until) where snoozed_until is not null;
create index ticket_watched on ticket using gin (watchers);
"""


def upgrade() -> None:
    """Add columns; nothing that exists changes."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

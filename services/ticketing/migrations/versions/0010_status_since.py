"""Since when a ticket has its state; `desk rebuild ticketing ticket` makes it exact for tickets of
before.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = """
alter table ticket add column status_since timestamptz not null default now();
update ticket set status_since = updated_at;
create index ticket_solved on ticket (status_since)
    where status = 'solved' and aside is null and not deleted;
"""


def upgrade() -> None:
    """What was last touched counts as the beginning: nothing is closed too early."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

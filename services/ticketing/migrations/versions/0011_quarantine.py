"""Files that are not given out.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = """
create table quarantine (
    key text primary key,
    size bigint not null,
    state text not null,
    due timestamptz not null
);
create index quarantine_due on quarantine (due) where state = 'waiting';
"""


def upgrade() -> None:
    """Nothing waits at first."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

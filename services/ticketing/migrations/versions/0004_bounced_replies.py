"""Bounced replies stand in the list of those that need a person.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The list's index covers the new state."""
    op.execute("drop index reply_troubled")
    op.execute(
        "create index reply_troubled on reply (changed_at, id)"
        " where state in ('failed', 'held', 'bounced')"
    )

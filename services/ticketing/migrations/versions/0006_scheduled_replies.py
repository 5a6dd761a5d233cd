"""The timer finds scheduled replies.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.execute("create index reply_scheduled on reply (undo_until) where state = 'scheduled'")

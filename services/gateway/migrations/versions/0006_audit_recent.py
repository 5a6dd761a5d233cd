"""The audit trail is read newest first.

Revision ID: 0006
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of the store's own table only what is on the trail."""
    op.execute("create index audit_recent on events (position) where stream_type = 'gateway.audit'")

"""When the owner of a session last proved who he is.

Revision ID: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions from before were opened by a password."""
    op.execute("alter table session add column proven_at timestamptz")
    op.execute("update session set proven_at = created_at")

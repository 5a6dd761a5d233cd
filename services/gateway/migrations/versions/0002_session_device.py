"""The kind of browser that a session belongs to.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Sessions from before are of an unknown browser."""
    op.execute("alter table session add column device text not null default 'Unknown browser'")

"""Where a merged ticket went up.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing was merged before."""
    op.execute("alter table ticket add column merged_into uuid")

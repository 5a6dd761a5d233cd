"""Sessions whose token is replaced at their next request.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None is due."""
    op.execute("alter table session add column rotate_due boolean not null default false")

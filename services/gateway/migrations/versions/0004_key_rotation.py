"""The secret of a key before its last rotation.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No key was rotated before."""
    op.execute(
        "alter table api_key add column previous_hash bytea, add column previous_until timestamptz"
    )

"""The token of a session before its last rotation.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No session was rotated before."""
    op.execute(
        "alter table session add column previous_hash bytea, add column previous_until timestamptz"
    )
    op.execute(
        "create index session_previous on session (previous_hash) where previous_hash is not null"
    )

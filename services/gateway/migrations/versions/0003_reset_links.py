"""Links to set another password.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLE = """
create table reset_link (
    token_hash bytea primary key,
    user_id uuid not null,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz
)
"""


def upgrade() -> None:
    """None was ever mailed before."""
    op.execute(TABLE)
    op.execute("create index reset_link_user on reset_link (user_id, issued_at)")
    op.execute("create index reset_link_expiry on reset_link (expires_at)")

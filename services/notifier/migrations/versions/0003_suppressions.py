"""A suppressed address is named by an id, and by the mail that came back.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Ids follow from the hash, which nobody can turn back."""
    op.execute("alter table suppressed_address add column id uuid, add column message_id uuid")
    op.execute("update suppressed_address set id = left(address_hash, 32)::uuid")
    op.execute("alter table suppressed_address alter column id set not null")
    op.execute("create unique index suppressed_address_id on suppressed_address (id)")

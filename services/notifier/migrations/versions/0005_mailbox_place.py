"""How far a mailbox that is read by IMAP was read.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = """
create table mailbox_place (
    name text primary key,
    uid_validity bigint not null,
    uid bigint not null
)
"""


def upgrade() -> None:
    """Nothing was read so far."""
    op.execute(TABLE)

"""Which mails of ours belong to which ticket, so that answers find it.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = """
create table mail_mark (
    mail_id text primary key,
    ticket_id uuid not null,
    reply_id uuid
)
"""


def upgrade() -> None:
    """Replies that went out before are known from their own table."""
    op.execute(TABLE)
    op.execute(
        "insert into mail_mark select distinct on (mail_id) mail_id, ticket_id, id from reply"
        " where mail_id is not null order by mail_id, changed_at"
    )

"""Which mails of customers belong to a ticket, so that our answers refer to them.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = """
create table customer_mail (
    inbound_id uuid primary key,
    ticket_id uuid not null,
    at timestamptz not null
)
"""


def upgrade() -> None:
    """Mails that were followed before are not known here: their tickets thread by our own."""
    op.execute(TABLE)
    op.execute("create index customer_mail_ticket on customer_mail (ticket_id, at)")

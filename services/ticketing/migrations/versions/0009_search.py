"""Tickets are found by the words of their messages. What was written before is found after
`desk rebuild ticketing search_text`.

Revision ID: 0009
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = """
create table search_text (
    message_id uuid primary key,
    ticket_id uuid not null,
    internal boolean not null,
    words tsvector not null
);
create index search_text_words on search_text using gin (words);
create index search_text_of_ticket on search_text (ticket_id);
"""


def upgrade() -> None:
    """Create the table; the rebuild fills it."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

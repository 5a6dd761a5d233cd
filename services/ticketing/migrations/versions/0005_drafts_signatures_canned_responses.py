"""What helps to write: drafts, signatures, canned responses.

Revision ID: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = """
create table draft (
    ticket_id uuid not null,
    user_id uuid not null,
    mode text not null,
    body_html text not null,
    body_text text not null,
    cc text[],
    attachment_ids uuid[] not null,
    updated_at timestamptz not null,
    primary key (ticket_id, user_id, mode)
);
create table signature (
    id uuid primary key,
    user_id uuid not null,
    name text not null,
    body_html text not null,
    body_text text not null,
    is_default boolean not null,
    updated_at timestamptz not null
);
create index signature_of_user on signature (user_id);
create unique index signature_default on signature (user_id) where is_default;
create table canned_response (
    id uuid primary key,
    title text not null,
    body_html text not null,
    body_text text not null,
    team_id uuid,
    updated_at timestamptz not null,
    updated_by text not null
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)

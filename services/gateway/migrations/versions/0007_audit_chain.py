"""A hash chain beside the audit trail.

Revision ID: 0007
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINKS = """
create table audit_link (
    stream_id uuid not null,
    version integer not null,
    seq bigint generated always as identity,
    previous_stream uuid,
    previous_version integer,
    digest bytea not null,
    mac bytea not null,
    constraint audit_link_pkey primary key (stream_id, version)
)
"""
BEGIN = """
insert into audit_chain (begins_after) select coalesce(max(position), 0) from events
"""


def upgrade() -> None:
    """What is on the trail already stays outside: the key is not known here."""
    op.execute(LINKS)
    op.execute("create unique index audit_link_seq on audit_link (seq)")
    op.execute("create table audit_chain (begins_after bigint not null primary key)")
    op.execute(BEGIN)

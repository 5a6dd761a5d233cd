"""Mails that wait for a person before they are passed on.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLE = """
create table quarantined_mail (
    id uuid primary key,
    cause text not null,
    mailbox text not null,
    from_email text,
    subject text not null,
    size bigint not null,
    files integer not null,
    at timestamptz not null
)
"""
FILL = """
insert into quarantined_mail
select stream_id, data->>'cause', data->>'mailbox', data->>'from_email', data->>'subject',
       (data->>'raw_size')::bigint, json_array_length(data->'files'), (data->>'at')::timestamptz
from events where type = 'notifier.inbound.quarantined.v1'
"""


def upgrade() -> None:
    """What is in quarantine already is listed: nothing could be released before."""
    op.execute(TABLE)
    op.execute("create index quarantined_mail_at on quarantined_mail (at, id)")
    op.execute(FILL)

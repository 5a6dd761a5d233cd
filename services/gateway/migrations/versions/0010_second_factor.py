"""Second factors, recovery codes and sign-ins that wait for them.

Revision ID: 0010
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FACTOR = """
create table factor (
    user_id uuid primary key,
    secret text,
    candidate text,
    candidate_until timestamptz,
    last_step bigint not null,
    failures integer not null,
    blocked_until timestamptz
)
"""
RECOVERY = """
create table recovery_code (
    user_id uuid not null,
    code_hash bytea not null,
    constraint recovery_code_pkey primary key (user_id, code_hash)
)
"""
PENDING = """
create table pending_sign_in (
    token_hash bytea primary key,
    user_id uuid not null,
    expires_at timestamptz not null,
    tries integer not null default 0
)
"""


def upgrade() -> None:
    """Nobody had one before."""
    for table in (FACTOR, RECOVERY, PENDING):
        op.execute(table)
    op.execute("comment on table factor is 'second factors; secrets are sealed for their account'")
    op.execute("create index pending_sign_in_user on pending_sign_in (user_id)")
    op.execute("create index pending_sign_in_expiry on pending_sign_in (expires_at)")
    op.execute("alter table user_view add column factor boolean not null default false")

"""Known devices, and failed sign-ins per account.

Revision ID: 0011
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DEVICES = """
create table known_device (
    token_hash bytea not null,
    user_id uuid not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    constraint known_device_pkey primary key (token_hash, user_id)
)
"""
TRIES = """
create table sign_in_tries (
    address_hash text not null primary key,
    failures integer not null,
    last_at timestamptz
)
"""


def upgrade() -> None:
    """Nobody's device is known yet: the first sign-in of each account afterwards tells nobody."""
    op.execute(DEVICES)
    op.execute("create index known_device_user on known_device (user_id, last_seen_at)")
    op.execute("create index known_device_expiry on known_device (expires_at)")
    op.execute(TRIES)
    op.execute("create index sign_in_tries_age on sign_in_tries (last_at)")

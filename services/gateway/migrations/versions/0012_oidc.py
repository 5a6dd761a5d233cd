"""Sign-in through the company's identity provider.

Revision ID: 0012
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WALK = """
create table oidc_walk (
    state_hash bytea primary key,
    browser_hash bytea not null,
    verifier text not null,
    nonce text not null,
    expires_at timestamptz not null,
    session_id uuid,
    links_user uuid,
    links_role text
)
"""
IDENTITY = """
create table oidc_identity (
    identity_hash bytea primary key,
    user_id uuid not null unique,
    linked_at timestamptz not null
)
"""
COMMENT = "whom an issuer''s subject opens, by the keyed hash of issuer, tenant and subject"


def upgrade() -> None:
    """Nobody is linked before."""
    op.execute(WALK)
    op.execute("create index oidc_walk_expiry on oidc_walk (expires_at)")
    op.execute(IDENTITY)
    op.execute(f"comment on table oidc_identity is '{COMMENT}'")

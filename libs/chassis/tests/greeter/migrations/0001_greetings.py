"""The store and the first table."""

import sqlalchemy as sa
from alembic import op

from deskstream_eventstore import create_store

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_store(op)
    op.create_table("greeting", sa.Column("id", sa.Integer, primary_key=True))

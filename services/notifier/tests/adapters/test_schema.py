"""The migrations make what the statements are written for."""

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

from notifier.infra.db.tables import metadata


def test_the_migrated_schema_equals_the_tables_of_the_code(dsn: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    ours = set(metadata.tables)

    def only_ours(name: str | None, kind: str, parents: object) -> bool:
        return kind != "table" or name in ours

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": only_ours})
        assert compare_metadata(context, metadata) == []
    engine.dispose()

"""The migrations make what the statements are written for."""

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_tools.testing import Fresh
from gateway.infra.db.tables import metadata


def migrated(dsn: str) -> None:
    migrate(dsn, migrations_folder("gateway"))


def test_the_migrated_schema_equals_the_tables_of_the_code(postgres_dsn: Fresh) -> None:
    dsn = postgres_dsn(migrated, name="gateway")
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


def test_migrating_twice_changes_nothing(postgres_dsn: Fresh) -> None:
    dsn = postgres_dsn(migrated, name="gateway")
    folder = migrations_folder("gateway")
    newest = max(path.name[:4] for path in (folder / "versions").glob("0*.py"))
    assert migrate(dsn, folder) == newest

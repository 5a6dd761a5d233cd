"""The tables that statements are built from are those that the migration makes."""

import psycopg
from sqlalchemy import NullPool, create_engine, inspect

from notifier.infra.db.tables import metadata


def test_tables_and_migration_agree(dsn: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool
    )
    inspector = inspect(engine)
    for name, table in metadata.tables.items():
        made = {
            column["name"]: (column["type"].compile(engine.dialect), column["nullable"])
            for column in inspector.get_columns(name)
        }
        meant = {
            column.name: (column.type.compile(engine.dialect), column.nullable)
            for column in table.columns
        }
        assert made == meant, name
        key = inspector.get_pk_constraint(name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key]

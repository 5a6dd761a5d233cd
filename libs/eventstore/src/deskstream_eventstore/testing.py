"""For tests and benchmarks: the tables of a store in an empty database."""

import asyncio

import asyncpg
from sqlalchemy import create_mock_engine
from sqlalchemy.sql.ddl import ExecutableDDLElement

from deskstream_eventstore.tables import store_metadata

KEY = b"k" * 32
"""A subject key for tests."""


def schema() -> str:
    """The DDL of a store."""
    statements: list[str] = []

    def keep(item: ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(str(item.compile(dialect=engine.dialect)))

    engine = create_mock_engine("postgresql+asyncpg://", keep)
    store_metadata.create_all(engine, checkfirst=False)
    return ";\n".join(statements)


async def fill(dsn: str) -> None:
    """Create the tables."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(schema())
    finally:
        await connection.close()


def create_store(dsn: str) -> None:
    """The same, for a fixture that fills a template database."""
    asyncio.run(fill(dsn))

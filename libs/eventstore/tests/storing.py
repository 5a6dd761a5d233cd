"""Creating a store for tests."""

import asyncio

import asyncpg
from sqlalchemy import create_mock_engine

from deskstream_eventstore import store_metadata

KEY = b"k" * 32


def schema() -> str:
    """The DDL of a store."""
    statements: list[str] = []
    engine = create_mock_engine(
        "postgresql+asyncpg://",
        lambda sql, *_, **__: statements.append(str(sql.compile(dialect=engine.dialect))),
    )
    store_metadata.create_all(engine, checkfirst=False)
    return ";\n".join(statements)


def create_store(dsn: str) -> None:
    """Fill a template database."""

    async def fill() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(schema())
        finally:
            await connection.close()

    asyncio.run(fill())

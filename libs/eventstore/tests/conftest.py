"""A store of its own for each test."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import create_mock_engine

from deskstream_eventstore import Database, SubjectHasher, store_metadata
from deskstream_tools.testing import Fresh

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


@pytest.fixture
def store_dsn(postgres_dsn: Fresh) -> str:
    """The address of a fresh, migrated store."""
    return postgres_dsn(create_store, name="store")


@pytest.fixture
async def database(store_dsn: str) -> AsyncIterator[Database]:
    """A fresh store."""
    opened = await Database.connect(store_dsn, size=16, name="test", subjects=SubjectHasher(KEY))
    yield opened
    await opened.close()

"""A store of its own for each test."""

from collections.abc import AsyncIterator

import pytest
from storing import KEY, create_store

from deskstream_eventstore import Database, SubjectHasher
from deskstream_tools.testing import Fresh


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

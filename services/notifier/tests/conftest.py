"""A migrated database of the notifier, fresh for each test."""

from collections.abc import AsyncIterator

import pytest

from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_eventstore import Database, SubjectHasher
from deskstream_tools.testing import Fresh
from notifier.infra.db.message_view import MessageView
from notifier.infra.db.quarantine_view import QuarantineView

SUBJECTS = SubjectHasher(bytes(range(32)))


def prepare_notifier(dsn: str) -> None:
    """Fill the template."""
    migrate(dsn, migrations_folder("notifier"))


@pytest.fixture
def dsn(postgres_dsn: Fresh) -> str:
    """Address of a fresh, migrated database."""
    return postgres_dsn(prepare_notifier)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """Connected, with the view of messages."""
    opened = await Database.connect(
        dsn,
        size=5,
        name="notifier-tests",
        subjects=SUBJECTS,
        views=[MessageView(), QuarantineView()],
    )
    yield opened
    await opened.close()

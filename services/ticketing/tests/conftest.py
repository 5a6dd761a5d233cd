"""Ticketing on real PostgreSQL and a real bucket folder, reached by HTTP with signed tokens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import KeySet, OKPKey

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.identity.tokens import KeyCache, TokenSigner, TokenVerifier
from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_chassis.plus_token import PlusTokens
from deskstream_eventstore import Database, SubjectHasher
from deskstream_tools.testing import Fresh
from ticketing.application.app import TicketingApp
from ticketing.bootstrap import build_app, http_app
from ticketing.infra.db.directory import PostgresDirectory
from ticketing.infra.db.views import views
from ticketing.infra.files import BucketFiles
from ticketing.infra.mailroom import Mailboxes
from ticketing.testing import CREDIT, START, Api, Staff

TOKENS = PlusTokens(b"p" * 32)
UNDO = timedelta(seconds=10)


def migrated(dsn: str) -> None:
    """Bring a database to head, by the service's own migrations."""
    migrate(dsn, migrations_folder("ticketing"))


@pytest.fixture
def dsn(postgres_dsn: Fresh) -> str:
    """A fresh, migrated database."""
    return postgres_dsn(migrated, name="ticketing")


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """Ticketing's store with its views."""
    opened = await Database.connect(
        dsn, size=6, name="ticketing", subjects=SubjectHasher(b"t" * 32), views=views()
    )
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> FixedClock:
    """Nine o'clock until moved."""
    return FixedClock(START)


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """A folder."""
    return Bucket.at(f"file://{tmp_path}/bucket", "ticketing")


@pytest.fixture
def app(database: Database, bucket: Bucket, clock: FixedClock) -> TicketingApp:
    """All use cases."""
    mailroom = Mailboxes(TOKENS, {"credit@shop.test": CREDIT.id})
    return build_app(database, BucketFiles(bucket), clock, UNDO, mailroom)


@pytest.fixture
async def staff(database: Database) -> Staff:
    """Support's agents 1 and 2, a viewer, a manager, an admin, and an agent of Credit."""
    everyone = Staff()
    directory = PostgresDirectory()
    async with database.work() as work:
        await directory.keep_team(work, CREDIT)
        for member in everyone.all():
            await directory.keep_person(work, member)
    return everyone


@pytest.fixture(scope="session")
def signer() -> TokenSigner:
    """The gateway's key."""
    key = OKPKey.generate_key("Ed25519", {"kid": "k1"}, private=True)
    return TokenSigner(KeySet([key]))


@pytest.fixture
async def api(app: TicketingApp, signer: TokenSigner) -> AsyncIterator[Api]:
    """The app, in process."""

    async def keys() -> Any:
        return signer.public_set()

    verifier = TokenVerifier(KeyCache(keys), "ticketing")
    transport = httpx.ASGITransport(http_app(app, verifier.authenticate))
    async with httpx.AsyncClient(transport=transport, base_url="http://ticketing") as client:
        yield Api(client, signer)

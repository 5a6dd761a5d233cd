"""The gateway over its fake and over real PostgreSQL, for the same tests."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_eventstore import Database, SubjectHasher
from deskstream_tools.testing import Fresh
from gateway.infra.db.keys import DbKeys
from gateway.infra.db.queries import DbQueries
from gateway.infra.db.sessions import DbSessions
from gateway.infra.db.summing_audit import SummingAudit
from gateway.infra.db.trail import Trail
from gateway.infra.db.views import VIEWS
from gateway.infra.db.work import DbStore
from gateway.infra.local_limiter import LocalLimiter
from gateway.infra.memory.desk import FakeDesk
from gateway.infra.memory.gateway import FakeKeys
from gateway.infra.memory.issuer import FakeIssuer
from gateway.interface.http.app import create_inner_app
from gateway.testing import (
    NINE,
    PEPPERS,
    Cast,
    Client,
    FakeGateway,
    Rig,
    cheap_app,
)

SUBJECTS = SubjectHasher(b"t" * 32)


def migrated(dsn: str) -> None:
    """Bring a database to head, by the service's own migrations."""
    migrate(dsn, migrations_folder("gateway"))


@pytest.fixture
def clock() -> FixedClock:
    """Nine o'clock until moved."""
    return FixedClock(NINE)


@pytest.fixture
def fake_rig(clock: FixedClock) -> Rig:
    """Over the fake: no I/O."""
    fake, issuer, desk = FakeGateway(clock, PEPPERS), FakeIssuer(), FakeDesk()
    app = cheap_app(fake, fake, fake, clock, issuer=issuer, desk=desk.ports)
    return Rig(clock, app, fake, fake, fake, FakeKeys(fake), fake, issuer, desk, fake=fake)


@pytest.fixture
async def database(postgres_dsn: Fresh) -> AsyncIterator[Database]:
    """A fresh database at head."""
    dsn = postgres_dsn(migrated, name="gateway")
    database = await Database.connect(dsn, name="test", subjects=SUBJECTS, views=VIEWS)
    yield database
    await database.close()


@pytest.fixture
def real_rig(clock: FixedClock, database: Database) -> Rig:
    """Over real PostgreSQL."""
    trail = Trail(b"a" * 32)
    store, queries = DbStore(database, SUBJECTS, trail), DbQueries(database)
    audit, issuer = SummingAudit(database, trail, clock), FakeIssuer()
    return Rig(
        clock,
        cheap_app(store, queries, audit, clock, issuer=issuer),
        store,
        queries,
        DbSessions(database, clock, PEPPERS.session, factor_mandatory=False),
        DbKeys(database, clock, PEPPERS.key),
        audit,
        issuer,
        database=database,
    )


@pytest.fixture(params=["fake", "real"])
def rig(request: pytest.FixtureRequest) -> Rig:
    """Both, one after the other: what holds for one must hold for the other."""
    chosen: Rig = request.getfixturevalue(f"{request.param}_rig")
    return chosen


@pytest.fixture
async def people(rig: Rig) -> Cast:
    """A gateway after its first start, fake or real."""
    cast = Cast(rig)
    await cast.support()
    return cast


@pytest.fixture
async def own_routes(fake_rig: Rig) -> AsyncIterator[Client]:
    """The gateway's own routes over the fake, called as the gate calls them."""
    people = Cast(fake_rig)
    await people.support()
    inner = create_inner_app(people.app, LocalLimiter())
    handed: dict[str, Any] = {}

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, **handed}, receive, send)

    transport = httpx.ASGITransport(app=gate)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        yield Client(people, http, handed)


@pytest.fixture
async def admin_cookie(own_routes: Client) -> str:
    """The cookie of a signed-in admin."""
    await own_routes.people.admin()
    return (await own_routes.people.sign_in("root@shop.test")).token

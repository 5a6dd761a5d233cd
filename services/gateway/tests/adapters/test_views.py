"""Read models: a rebuild beside the live tables gives the same rows."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskstream_eventstore import Database, rebuild
from gateway.application.start_oidc import StartOidc
from gateway.domain.errors import LastAdmin
from gateway.infra.db.housekeeping import KEPT, Housekeeping
from gateway.infra.db.views import VIEWS
from gateway.testing import Cast, Rig, operator, visitor


@pytest.fixture
async def people(real_rig: Rig) -> Cast:
    cast = Cast(real_rig)
    await cast.support()
    return cast


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
async def test_a_rebuilt_view_equals_the_live_one(
    people: Cast, database: Database, view: object
) -> None:
    await people.admin()
    user_id = await people.agent()
    await people.change(operator(), user_id, "suspended", reason="left")
    await people.agent("bob@shop.test", role="viewer")
    await people.register("new@shop.test")
    report = await rebuild(database, view)
    assert report.events > 0
    assert report.equal
    users = await people.rig.queries.users(status=None, after=None, limit=9)
    assert [user.status for user in users] == ["active", "suspended", "active", "unverified"]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["active", "suspended"]),
        st.sampled_from(["viewer", "agent", "admin"]),
    ),
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
async def test_whatever_is_done_the_view_says_what_the_streams_say(
    people: Cast, steps: list[tuple[int, str, str]]
) -> None:
    known = await people.rig.queries.users(status=None, after=None, limit=9)
    if not known:
        for email in ("a@shop.test", "b@shop.test", "c@shop.test"):
            await people.agent(email, role="admin")
        known = await people.rig.queries.users(status=None, after=None, limit=9)
    for who, status, role in steps:
        try:
            await people.change(operator(), known[who].user_id, status, role=role)  # type: ignore[arg-type]
        except LastAdmin:
            continue
    shown = await people.rig.queries.users(status=None, after=None, limit=9)
    for row in shown:
        async with people.rig.store.work(operator().origin) as work:
            user = await work.users.get(row.user_id)
        assert (row.status, row.role, row.teams) == (user.status, user.role, user.teams)
    assert any(row.status == "active" and row.role == "admin" for row in shown)


async def test_what_is_long_over_is_forgotten_and_nothing_else(
    people: Cast, database: Database
) -> None:
    await people.agent()
    old = await people.sign_in("ada@shop.test")
    await people.forget()
    await people.app.start_oidc(StartOidc(), visitor())
    people.rig.clock.advance(seconds=(KEPT + timedelta(days=2)).total_seconds())
    fresh = await people.sign_in("ada@shop.test")
    await people.register("new@shop.test")
    housekeeping = Housekeeping(database, people.rig.clock)
    assert await housekeeping.sweep() == 4
    assert await housekeeping.sweep() == 0
    assert await people.rig.sessions.find(old.token) is None
    assert await people.rig.sessions.find(fresh.token) is not None
    await people.verify((await people.tokens("new@shop.test"))[0])

"""Managers see which addresses are shut out, by the mail that came back, and open them again."""

from typing import Any
from uuid import uuid4

import pytest
from starlette.types import ASGIApp

from deskstream_chassis.testing import by_name, call
from notifier.bootstrap import http_app
from notifier.infra.db.screen import DbScreen

ANN, BOB = "ann@example.org", "bob@example.org"


@pytest.fixture
def http(desk: Any) -> ASGIApp:
    return http_app(desk.app, by_name)


async def shut_out(desk: Any, *addresses: str) -> None:
    screen = DbScreen(desk.database.subjects)
    for address in addresses:
        async with desk.database.work() as work:
            await screen.suppress(work, address, "bounce", desk.now, uuid4())
        desk.clock.advance(minutes=1)


async def listed(http: ASGIApp, query: str = "") -> Any:
    answer = await call(http, "GET", f"/api/suppressions{query}", As="manager")
    assert answer.status == 200
    return answer.json()


async def test_the_list_names_no_address_and_comes_in_pages(desk: Any, http: ASGIApp) -> None:
    await shut_out(desk, ANN, BOB)
    first = await listed(http, "?limit=1")
    rest = await listed(http, f"?limit=1&cursor={first['next']}")
    assert [one["reason"] for one in (*first["items"], *rest["items"])] == ["bounce", "bounce"]
    assert rest["next"] is None
    assert "example.org" not in str((first, rest))


async def test_a_lifted_address_gets_mail_again_and_it_is_kept_who_did_it(
    desk: Any, http: ASGIApp
) -> None:
    await shut_out(desk, ANN)
    (one,) = (await listed(http))["items"]
    path = f"/api/suppressions/{one['id']}"
    assert (await call(http, "DELETE", path, As="manager")).status == 204
    assert (await call(http, "DELETE", path, As="manager")).status == 404
    async with desk.database.reading() as work:
        left = await DbScreen(desk.database.subjects).suppressed(work, [ANN])
    assert left == frozenset()
    (kept,) = await desk.rows("select actor, action, target from operation")
    assert kept["action"] == "suppression_lifted"
    assert kept["target"] == f"suppression:{one['id']}"
    assert kept["actor"].startswith("user:")


@pytest.mark.parametrize("who", ["agent", "viewer", "key"])
async def test_only_managers_see_and_lift(desk: Any, http: ASGIApp, who: str) -> None:
    await shut_out(desk, ANN)
    (one,) = (await listed(http))["items"]
    assert (await call(http, "GET", "/api/suppressions", As=who)).status == 403
    path = f"/api/suppressions/{one['id']}"
    assert (await call(http, "DELETE", path, As=who)).status == 403
    assert len((await listed(http))["items"]) == 1

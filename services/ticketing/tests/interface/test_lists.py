"""The list of tickets over HTTP."""

from urllib.parse import quote

import pytest

from deskstream_chassis.clock import FixedClock
from ticketing.testing import CREDIT, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create")


async def titles(api: Api, who, query: str = "") -> list[str]:
    answer = await api(who, "GET", f"/api/tickets{query}")
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json()["items"]]


async def three(api: Api, clock: FixedClock) -> list[dict]:
    opened = []
    for name in ("one", "two", "three"):
        opened.append(await api.open(SHOP, subject=name))
        clock.advance(minutes=1)
    return opened


async def test_newest_activity_comes_first(api: Api, staff: Staff, clock: FixedClock):
    first, _, _ = await three(api, clock)
    assert await titles(api, staff.agent) == ["three", "two", "one"]
    await api.change(staff.agent, first, priority="high")
    assert await titles(api, staff.agent) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", ["one", "two", "three"]),
        ("-created_at", ["three", "two", "one"]),
        ("number", ["one", "two", "three"]),
        ("-number", ["three", "two", "one"]),
        ("updated_at", ["one", "two", "three"]),
        ("-updated_at", ["three", "two", "one"]),
    ],
)
async def test_pages_of_every_sort_follow_each_other_without_holes(
    api: Api, staff: Staff, clock: FixedClock, sort, order
):
    await three(api, clock)
    found, cursor = [], ""
    while True:
        query = f"?sort={quote(sort)}&limit=1" + (f"&cursor={cursor}" if cursor else "")
        page = (await api(staff.agent, "GET", f"/api/tickets{query}")).json()
        found += [item["subject"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == order


async def test_a_cursor_belongs_to_its_filters(api: Api, staff: Staff, clock: FixedClock):
    await three(api, clock)
    page = (await api(staff.agent, "GET", "/api/tickets?limit=1")).json()
    other = await api(staff.agent, "GET", f"/api/tickets?status=new&cursor={page['next']}")
    assert (other.status_code, other.json()["code"]) == (422, "bad_cursor")


async def test_filters_narrow_the_list(api: Api, staff: Staff, clock: FixedClock):
    one, two, three_ = await three(api, clock)
    await api.change(staff.agent, one, assignee=str(staff.agent.id), priority="urgent")
    await api.change(staff.agent, two, tags=["Leak"], status="on_hold")
    since = clock.now()
    clock.advance(minutes=1)
    await api.change(staff.agent, three_, priority="low")
    cases = {
        "?status=open": ["one"],
        "?status=open&status=on_hold": ["two", "one"],
        "?assignee=me": ["one"],
        f"?assignee={staff.agent.id}": ["one"],
        f"?assignee={quote(staff.agent.email)}": ["one"],
        "?assignee=none": ["three", "two"],
        "?priority=urgent&priority=low": ["three", "one"],
        "?tag=LEAK": ["two"],
        f"?team={CREDIT.id}": [],
        f"?updated_since={quote((since).isoformat())}": ["three", "two", "one"],
        f"?updated_since={quote(clock.now().isoformat())}": ["three"],
        f"?q={two['number']}": ["two"],
        f"?q=%23{two['number']}": ["two"],
        "?q=THRE": ["three"],
        "?q=%25": [],
    }
    for query, expected in cases.items():
        found = await titles(api, staff.agent, query)
        assert sorted(found) == sorted(expected), query


@pytest.mark.parametrize(
    "query",
    ["?limit=0", "?limit=101", "?status=odd", "?unknown=1", "?sort=subject", "?updated_since=soon"],
)
async def test_a_bad_query_is_422(api: Api, staff: Staff, query):
    answer = await api(staff.agent, "GET", f"/api/tickets{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_filtering_by_an_unknown_address_is_404(api: Api, staff: Staff):
    answer = await api(staff.agent, "GET", "/api/tickets?assignee=nobody%40desk.test")
    assert (answer.status_code, answer.json()["code"]) == (404, "assignee_not_found")


async def test_a_list_shows_only_what_its_reader_may_see(api: Api, staff: Staff):
    await api.open(SHOP, subject="support")
    await api.open(SHOP, subject="credit", team_id=str(CREDIT.id))
    assert await titles(api, staff.agent) == ["support"]
    assert await titles(api, staff.viewer) == ["support"]
    assert await titles(api, staff.lender) == ["credit"]
    assert await titles(api, staff.manager) == ["credit", "support"]
    assert await titles(api, staff.manager, "?q=credit") == ["credit"]
    assert await titles(api, staff.agent, "?q=credit") == []

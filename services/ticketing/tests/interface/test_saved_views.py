"""Saved views with counts, and the filters that they may hold."""

from uuid import uuid4

import pytest

from ticketing.testing import CREDIT, SUPPORT, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def save(api: Api, who, **body):
    return await api(who, "POST", "/api/views", json={"title": "V"} | body)


async def views(api: Api, who) -> dict[str, int]:
    answer = await api(who, "GET", "/api/views")
    assert answer.status_code == 200, answer.text
    return {view["title"]: view["count"] for view in answer.json()["items"]}


async def numbers(api: Api, who, query: str) -> list[int]:
    answer = await api(who, "GET", f"/api/tickets{query}")
    assert answer.status_code == 200, answer.text
    return [row["number"] for row in answer.json()["items"]]


async def test_a_view_counts_and_lists_what_its_reader_may_see(api: Api, staff: Staff):
    one, _ = await api.open(SHOP, priority="high"), await api.open(SHOP)
    await api.open(SHOP, priority="high", team_id=str(CREDIT.id))
    query = {"priority": ["high"], "sort": "number"}
    made = await save(api, staff.agent, title="Hot", team_id=str(SUPPORT.id), query=query)
    assert (made.status_code, made.json()["query"]) == (201, query)
    view = f"?view={made.json()['id']}"
    assert await views(api, staff.agent) == {"Hot": 1} == await views(api, staff.viewer)
    assert await views(api, staff.manager) == {"Hot": 2}
    assert await views(api, staff.lender) == {}
    assert await numbers(api, staff.viewer, view) == [one["number"]]
    assert len(await numbers(api, staff.manager, view)) == 2
    assert await numbers(api, staff.agent, f"{view}&priority=low") == []
    hidden = await api(staff.lender, "GET", f"/api/tickets{view}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "view_not_found")


async def test_me_is_the_one_who_looks(api: Api, staff: Staff):
    ticket = await api.open(SHOP, assignee=str(staff.other.id))
    await save(api, staff.agent, team_id=str(SUPPORT.id), query={"assignee": "me"})
    assert await views(api, staff.agent) == {"V": 0}
    assert await views(api, staff.other) == {"V": 1}
    assert ticket


async def test_an_own_view_is_nobody_elses(api: Api, staff: Staff):
    made = await save(api, staff.viewer, title="Mine")
    assert made.status_code == 201
    path = f"/api/views/{made.json()['id']}"
    for who in (staff.agent, staff.manager):
        assert await views(api, who) == {}
        for method, options in (("PUT", {"json": {"title": "x"}}), ("DELETE", {})):
            assert (await api(who, method, path, **options)).status_code == 404
    changed = await api(staff.viewer, "PUT", path, json={"title": "Ours"})
    assert changed.json()["title"] == "Ours"
    assert (await api(staff.viewer, "DELETE", path)).status_code == 204
    assert (await api(staff.viewer, "DELETE", path)).status_code == 404


async def test_a_teams_view_is_saved_by_its_members_and_changed_by_who_saved_it_or_managers(
    api: Api, staff: Staff
):
    for who, team, status in (
        (staff.viewer, SUPPORT, 403),
        (staff.lender, SUPPORT, 403),
        (staff.manager, CREDIT, 201),
        (staff.agent, SUPPORT, 201),
    ):
        answer = await save(api, who, team_id=str(team.id))
        assert answer.status_code == status, who
    path = f"/api/views/{answer.json()['id']}"
    refused = await api(staff.other, "DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (403, "view_not_yours")
    kept = await api(staff.manager, "PUT", path, json={"title": "x", "team_id": str(SUPPORT.id)})
    assert (kept.status_code, kept.json()["owner_id"]) == (200, str(staff.agent.id))
    assert (await api(staff.manager, "DELETE", path)).status_code == 204


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"title": " "}, 422, "invalid"),
        ({"query": {"status": ["odd"]}}, 422, "invalid"),
        ({"query": {"cursor": "x"}}, 422, "invalid"),
        ({"team_id": str(uuid4())}, 422, "team_unknown"),
        ({"owner_id": str(uuid4())}, 422, "invalid"),
    ],
)
async def test_a_bad_view_is_refused(api: Api, staff: Staff, body, status, code):
    answer = await save(api, staff.agent, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await api(SHOP, "GET", "/api/views")).status_code == 403


async def test_lists_are_filtered_by_customer_channel_and_dates(api: Api, staff: Staff, clock):
    one = await api.open(SHOP)
    clock.advance(seconds=3600)
    two = await api.open(staff.agent, requester={"email": "Dan@customer.test"})
    for query, found in (
        ("?customer=dan@customer.test", [two]),
        ("?channel=api", [one]),
        ("?channel=api&channel=agent&sort=number", [one, two]),
        ("?created_before=2026-03-02T09:30:00Z", [one]),
        ("?created_since=2026-03-02T09:30:00Z", [two]),
        ("?updated_before=2026-03-02T09:30:00Z", [one]),
        ("?failed_replies=true", []),
    ):
        assert await numbers(api, staff.agent, query) == [t["number"] for t in found], query

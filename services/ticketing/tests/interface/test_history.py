"""What happened to a ticket, with whom and why; how it stood then; many tickets at once."""

from uuid import UUID

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.testing import CREDIT, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def history(api: Api, who, ticket: dict, query: str = "") -> dict:
    answer = await api(who, "GET", f"/api/tickets/{ticket['id']}/history{query}")
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


async def test_each_fact_says_who_did_it_and_what_led_to_it(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    await api.reply(staff.agent, ticket)
    clock.advance(seconds=11)
    assert await app.release_replies()
    told = (await history(api, staff.agent, ticket))["items"]
    assert [h["what"] for h in told] == [
        "opened",
        "reply_queued",
        "assigned",
        "status_changed",
        "reply_released",
    ]
    assert [h["version"] for h in told] == [1, 2, 3, 4, 5]
    opened, queued, *_, released = told
    assert (opened["actor"], queued["actor_name"]) == ("key:shop", "Agent 1")
    assert released["actor"] == "system:ticketing.undo"
    assert released["correlation"] == queued["correlation"]
    assert released["cause"]
    assert "Cora" not in str(told)
    assert "leaks" not in str(told)


async def test_the_state_as_of_a_point_is_what_was_shown_then(
    api: Api, staff: Staff, database: Database
):
    ticket, other = await api.open(SHOP), await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    shown = [await api.show(staff.agent, ticket)]
    into = {"into": ticket["id"]}
    for step in (
        api.change(staff.agent, ticket, priority="high", tags=["a"]),
        api(staff.agent, "POST", f"{path}/comments", json={"body_text": "call her"}),
        api(staff.manager, "POST", f"/api/tickets/{other['id']}/merge", json=into),
        api.reply(staff.agent, ticket, then="wait"),
        api(staff.manager, "POST", f"/api/tickets/{other['id']}/unmerge", json={}),
        api.change(staff.agent, ticket, status="solved"),
    ):
        assert (await step).status_code < 300
        shown.append(await api.show(staff.agent, ticket))
    async with database.reading() as work:
        recorded = {f.version: f.recorded_at for f in await work.load(UUID(ticket["id"]))}
    for then in shown:
        moment = recorded[then["version"]].isoformat().replace("+00:00", "Z")
        for point in (str(then["version"]), moment):
            found = await history(api, staff.agent, ticket, f"?as_of={point}")
            assert found["ticket"] == then
            assert found["items"][-1]["version"] == then["version"]
    told = [h["what"] for h in (await history(api, staff.agent, other))["items"]]
    assert told == ["opened", "merged", "unmerged"]


async def test_history_comes_in_pages(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    for priority in ("low", "high", "urgent"):
        await api.change(staff.agent, ticket, priority=priority)
    first = await history(api, staff.agent, ticket, "?limit=3")
    rest = await history(api, staff.agent, ticket, f"?limit=3&cursor={first['next']}")
    assert [h["version"] for h in first["items"] + rest["items"]] == [1, 2, 3, 4]
    assert rest["next"] is None
    assert first["ticket"] is None


async def test_a_viewer_hears_nothing_of_notes_and_a_stranger_of_nothing(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    await api(staff.agent, "POST", f"{path}/comments", json={"body_text": "secret"})
    await api.upload(staff.agent, ticket)
    told = await history(api, staff.viewer, ticket, "?as_of=9")
    assert {h["what"] for h in told["items"]} == {"opened", "status_changed"}
    assert [m["kind"] for m in told["ticket"]["messages"]] == ["customer"]
    hidden = await api.open(SHOP, team_id=str(CREDIT.id))
    answer = await api(staff.agent, "GET", f"/api/tickets/{hidden['id']}/history")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("as_of=0", "nothing_yet"),
        ("as_of=2020-01-01T00:00:00Z", "nothing_yet"),
        ("as_of=2020-01-01T00:00:00", "invalid"),
        ("as_of=soon", "invalid"),
        ("limit=0", "invalid"),
        ("cursor=AAAA", "bad_cursor"),
        ("nothing=1", "invalid"),
    ],
)
async def test_a_bad_point_is_422(api: Api, staff: Staff, query, code):
    ticket = await api.open(SHOP)
    answer = await api(staff.agent, "GET", f"/api/tickets/{ticket['id']}/history?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def bulk(api: Api, who, tickets: list, change: dict, **options):
    body = {"tickets": tickets, "change": change}
    return await api(who, "POST", "/api/tickets/bulk", json=body, **options)


async def test_of_many_tickets_each_has_a_result_of_its_own(api: Api, staff: Staff):
    one, two = await api.open(SHOP, tags=["x", "old"]), await api.open(SHOP)
    hidden = await api.open(SHOP, team_id=str(CREDIT.id))
    wanted = [one["id"], str(two["number"]), one["id"], hidden["id"], "none"]
    change = {"priority": "high", "add_tags": ["New"], "remove_tags": ["old"]}
    answer = await bulk(api, staff.agent, wanted, change)
    assert answer.status_code == 200
    results = [(i["ticket"], i["status"], i["code"]) for i in answer.json()["items"]]
    assert results == [
        (one["id"], 200, None),
        (str(two["number"]), 200, None),
        (hidden["id"], 404, "not_found"),
        ("none", 404, "not_found"),
    ]
    assert (await api.show(staff.agent, one))["tags"] == ["new", "x"]
    assert (await api.show(staff.agent, two))["priority"] == "high"
    assert (await api.show(staff.manager, hidden))["priority"] == "normal"


async def test_one_refusal_does_not_stop_the_others(api: Api, staff: Staff):
    one, two = await api.open(SHOP), await api.open(SHOP)
    await api.change(staff.agent, two, assignee=str(staff.agent.id))
    answer = await bulk(api, staff.agent, [one["id"], two["id"]], {"status": "solved"})
    codes = [(i["status"], i["code"]) for i in answer.json()["items"]]
    assert codes == [(409, "assignee_missing"), (200, None)]


async def test_a_repeat_gives_each_first_answer_again(api: Api, staff: Staff):
    one, two = await api.open(SHOP), await api.open(SHOP)
    headers = {"Idempotency-Key": "many-1"}
    wanted = [one["id"], two["id"]]
    first = await bulk(api, staff.agent, wanted, {"priority": "high"}, headers=headers)
    await api.change(staff.agent, one, priority="low")
    again = await bulk(api, staff.agent, wanted, {"priority": "high"}, headers=headers)
    assert first.json() == again.json()
    assert (await api.show(staff.agent, one))["priority"] == "low"
    other = await bulk(api, staff.agent, wanted, {"priority": "urgent"}, headers=headers)
    assert {i["code"] for i in other.json()["items"]} == {"idempotency_key_reused"}


async def test_a_bulk_change_is_of_agents_and_bounded(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    assert (await bulk(api, staff.viewer, [ticket["id"]], {})).status_code == 403
    assert (await bulk(api, SHOP, [ticket["id"]], {})).status_code == 403
    for bad in ([], ["1"] * 101, [7]):
        assert (await bulk(api, staff.agent, bad, {})).status_code == 422

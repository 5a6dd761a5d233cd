"""Drafts, signatures, canned responses over HTTP."""

import asyncio
from uuid import uuid4

import pytest

from ticketing.testing import CREDIT, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def drafts(api: Api, who, ticket) -> dict[str, str]:
    answer = await api(who, "GET", f"/api/tickets/{ticket['id']}/draft")
    assert answer.status_code == 200, answer.text
    return {one["mode"]: one["body_text"] for one in answer.json()["items"]}


async def keep(api: Api, who, ticket, **body):
    return await api(who, "PUT", f"/api/tickets/{ticket['id']}/draft", json=body)


async def test_a_draft_is_the_authors_own_one_a_mode(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    await keep(api, staff.agent, ticket, body_text="Dear")
    await keep(api, staff.agent, ticket, body_html="<p>Dear Cora</p><script>x</script>")
    await keep(api, staff.agent, ticket, mode="note", body_text="call")
    await keep(api, staff.other, ticket, body_text="mine")
    assert await drafts(api, staff.agent, ticket) == {"reply": "Dear Cora", "note": "call"}
    assert await drafts(api, staff.other, ticket) == {"reply": "mine"}
    path = f"/api/tickets/{ticket['id']}/draft"
    assert (await api(staff.agent, "DELETE", f"{path}?mode=note")).status_code == 204
    assert await drafts(api, staff.agent, ticket) == {"reply": "Dear Cora"}
    assert (await keep(api, staff.agent, ticket, body_text=" ")).json() == {"items": []}
    assert (await api(staff.other, "DELETE", path)).status_code == 204
    assert await drafts(api, staff.other, ticket) == {}


async def test_sending_ends_the_draft_of_its_mode_and_a_refusal_keeps_it(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    for mode in ("reply", "note"):
        await keep(api, staff.agent, ticket, mode=mode, body_text=mode)
    refused = await api.reply(staff.agent, ticket, last_seen=str(uuid4()))
    assert refused.status_code == 422
    assert await drafts(api, staff.agent, ticket) == {"reply": "reply", "note": "note"}
    assert (await api.reply(staff.agent, ticket)).status_code == 202
    assert await drafts(api, staff.agent, ticket) == {"note": "note"}
    path = f"/api/tickets/{ticket['id']}/comments"
    await api(staff.agent, "POST", path, json={"body_text": "noted"})
    assert await drafts(api, staff.agent, ticket) == {}


async def test_a_draft_needs_a_person_who_may_work_the_ticket(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    assert (await keep(api, SHOP, ticket, body_text="x")).json()["code"] == "person_needed"
    assert (await keep(api, staff.viewer, ticket, body_text="x")).status_code == 403
    assert await drafts(api, staff.viewer, ticket) == {}
    hidden = await api.open(SHOP, team_id=str(CREDIT.id))
    assert (await keep(api, staff.agent, hidden, body_text="x")).status_code == 404
    for bad in ({"mode": "sms"}, {"unknown": 1}, {"cc": ["nobody"]}):
        assert (await keep(api, staff.agent, ticket, **bad)).status_code == 422


async def test_one_signature_is_the_default_and_each_is_its_owners(api: Api, staff: Staff):
    body = {"name": "Short", "body_html": "<b>Ann</b><script>x</script>"}
    first = await api(staff.agent, "POST", "/api/signatures", json=body)
    assert (first.status_code, first.json()["is_default"]) == (201, True)
    assert "script" not in first.json()["body_html"]
    other = {"name": "Long", "body_text": "Ann of Support", "is_default": True}
    second = (await api(staff.agent, "POST", "/api/signatures", json=other)).json()
    listed = (await api(staff.agent, "GET", "/api/signatures")).json()["items"]
    assert [(s["name"], s["is_default"]) for s in listed] == [("Long", True), ("Short", False)]
    assert (await api(staff.other, "GET", "/api/signatures")).json()["items"] == []
    path = f"/api/signatures/{second['id']}"
    for who, own_path in ((staff.other, path), (staff.agent, "/api/signatures/none")):
        for method, options in (("PUT", {"json": other}), ("DELETE", {})):
            answer = await api(who, method, own_path, **options)
            assert (answer.status_code, answer.json()["code"]) == (404, "signature_not_found")
    assert (await api(staff.agent, "DELETE", path)).status_code == 204
    assert (await api(staff.viewer, "POST", "/api/signatures", json=body)).status_code == 403


async def test_the_signature_as_it_was_is_frozen_into_the_reply(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    made = await api(staff.agent, "POST", "/api/signatures", json={"name": "S", "body_text": "Ann"})
    path = f"/api/signatures/{made.json()['id']}"
    other = await api(
        staff.agent, "POST", "/api/signatures", json={"name": "T", "body_text": "Team"}
    )
    await api.reply(staff.agent, ticket)
    await api(staff.agent, "PUT", path, json={"name": "S", "body_text": "Changed"})
    await api.reply(staff.agent, ticket, signature_id=other.json()["id"])
    await api.reply(staff.agent, ticket, signature_id=None)
    unknown = await api.reply(staff.agent, ticket, signature_id=str(uuid4()))
    assert (unknown.status_code, unknown.json()["field"]) == (404, "signature_id")
    texts = [m["body_text"] for m in (await api.show(staff.agent, ticket))["messages"][1:]]
    assert texts == [
        "We send a new one\n\n-- \nAnn",
        "We send a new one\n\n-- \nTeam",
        "We send a new one",
    ]


async def test_two_defaults_at_once_leave_one(api: Api, staff: Staff):
    def save(n: int):
        body = {"name": f"S{n}", "body_text": "Ann", "is_default": True}
        return api(staff.agent, "POST", "/api/signatures", json=body)

    answers = await asyncio.gather(*(save(n) for n in range(4)))
    assert {a.status_code for a in answers} <= {201, 409}
    listed = (await api(staff.agent, "GET", "/api/signatures")).json()["items"]
    assert sum(s["is_default"] for s in listed) == 1


async def test_canned_responses_are_edited_by_managers_and_filled_for_a_ticket(
    api: Api, staff: Staff
):
    body = {"title": "Hello", "body_html": "<p>Dear {{customer.first_name}}, {{agent.name}}</p>"}
    path = "/api/canned-responses"
    assert (await api(staff.agent, "POST", path, json=body)).status_code == 403
    made = await api(staff.manager, "POST", path, json=body)
    assert made.status_code == 201
    await api(staff.manager, "POST", path, json=body | {"title": "C", "team_id": str(CREDIT.id)})
    ticket = await api.open(SHOP, requester={"name": "<b>Cora</b> C", "email": "c@c.test"})
    filled = await api(staff.agent, "GET", f"{path}?ticket={ticket['number']}")
    (one,) = filled.json()["items"]
    assert one["body_text"] == "Dear <b>Cora</b>, Agent 1"
    assert one["body_html"] == "<p>Dear &lt;b&gt;Cora&lt;/b&gt;, Agent 1</p>"
    for who, titles in ((staff.lender, ["C", "Hello"]), (staff.viewer, ["Hello"])):
        listed = (await api(who, "GET", path)).json()["items"]
        assert [r["title"] for r in listed] == titles
    own = f"{path}/{made.json()['id']}"
    changed = await api(staff.manager, "PUT", own, json=body | {"title": "Hi"})
    assert changed.json()["title"] == "Hi"
    assert (await api(staff.manager, "DELETE", own)).status_code == 204
    assert (await api(staff.manager, "DELETE", own)).json()["code"] == "canned_response_not_found"
    assert (await api(staff.manager, "PUT", own, json=body)).status_code == 404


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"body_html": "{{customer.iban}}"}, "placeholder_unknown"),
        ({"team_id": str(uuid4())}, "team_unknown"),
        ({"title": " "}, "invalid"),
        ({"body_html": "<p></p>"}, "body_missing"),
    ],
)
async def test_a_bad_canned_response_is_422(api: Api, staff: Staff, over, code):
    body = {"title": "x", "body_html": "y"} | over
    answer = await api(staff.manager, "POST", "/api/canned-responses", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)

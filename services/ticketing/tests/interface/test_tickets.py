"""Tickets over HTTP: open, show, change, comment, reopen."""

from uuid import UUID, uuid4

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from ticketing.testing import CREDIT, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")
OTHER_SHOP = key_actor("other", "tickets:view", "tickets:modify")


async def test_a_ticket_without_a_team_gets_support_and_a_number(api: Api, staff: Staff):
    ticket = await api.open(SHOP, cc=["Boss@Customer.test", "boss@customer.test"])
    shown = await api.show(staff.agent, ticket)
    assert (ticket["status"], ticket["version"]) == ("new", 1)
    assert shown["team_id"] == str(SUPPORT_TEAM_ID)
    assert shown["requester"] == {"name": "Cora Customer", "email": "cora@customer.test"}
    assert len(shown["cc"]) == 1
    assert [(m["kind"], m["body_text"]) for m in shown["messages"]] == [("customer", "It leaks")]
    assert shown["created_at"].endswith("Z")


async def test_numbers_grow_and_find_the_ticket(api: Api, staff: Staff):
    first, second = await api.open(SHOP), await api.open(staff.agent)
    assert second["number"] > first["number"]
    answer = await api(staff.agent, "GET", f"/api/tickets/{second['number']}")
    assert answer.json()["id"] == second["id"]
    assert answer.headers["etag"] == '"1"'


async def test_a_ticket_opens_with_an_assignee_by_id_or_address(api: Api, staff: Staff):
    for assignee in (str(staff.other.id), "AGENT-2@desk.test"):
        ticket = await api.open(staff.agent, assignee=assignee)
        shown = await api.show(staff.agent, ticket)
        assert (shown["status"], shown["assignee_id"]) == ("open", str(staff.other.id))


@pytest.mark.parametrize(
    ("over", "status", "code"),
    [
        ({"assignee": str(uuid4())}, 404, "assignee_not_found"),
        ({"assignee": "nobody@desk.test"}, 404, "assignee_not_found"),
        ({"assignee": "agent-3@desk.test"}, 422, "assignee_cannot_work"),
        (
            {"team_id": str(CREDIT.id), "assignee": "agent-1@desk.test"},
            422,
            "assignee_outside_team",
        ),
        ({"team_id": str(uuid4())}, 422, "team_unknown"),
        ({"subject": " \n "}, 422, "invalid"),
        ({"subject": 7}, 422, "invalid"),
        ({"unknown": 1}, 422, "invalid"),
        ({"body_text": None}, 422, "invalid"),
        ({"body_text": "  "}, 422, "body_missing"),
        ({"body_html": "<script>x</script>"}, 422, "body_missing"),
        ({"body_text": "x" * (256 * 1024 + 1)}, 413, "body_too_large"),
        ({"requester": {"email": "not an address"}}, 422, "invalid"),
        ({"cc": ["a@b.test"] * 51}, 422, "invalid"),
        ({"priority": "extreme"}, 422, "invalid"),
        ({"tags": ["two words"]}, 422, "tag_invalid"),
    ],
)
async def test_a_bad_opening_is_refused_with_its_code(api: Api, staff: Staff, over, status, code):
    body = {"subject": "x", "body_text": "y"} | over
    answer = await api(staff.agent, "POST", "/api/tickets", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    listed = await api(staff.agent, "GET", "/api/tickets")
    assert listed.json()["items"] == []


async def test_malformed_json_is_400(api: Api, staff: Staff):
    answer = await api(
        staff.agent,
        "POST",
        "/api/tickets",
        content=b"{",
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


async def test_html_is_cleaned_and_its_text_derived(api: Api, staff: Staff):
    html = '<p onclick="x()">Hi <b>you</b></p><script>steal()</script><ul><li>one</li></ul>'
    shown = await api.show(staff.agent, await api.open(SHOP, body_html=html))
    message = shown["messages"][0]
    assert "script" not in message["body_html"]
    assert "onclick" not in message["body_html"]
    assert message["body_text"] == "Hi you\n\n- one"


async def test_the_same_key_opens_one_ticket_and_another_body_is_refused(api: Api, staff: Staff):
    headers = {"Idempotency-Key": "k-1"}
    body = {"subject": "x", "body_text": "y"}
    first = await api(SHOP, "POST", "/api/tickets", json=body, headers=headers)
    again = await api(SHOP, "POST", "/api/tickets", json=body, headers=headers)
    other = await api(SHOP, "POST", "/api/tickets", json=body | {"subject": "z"}, headers=headers)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    listed = await api(staff.agent, "GET", "/api/tickets")
    assert len(listed.json()["items"]) == 1


async def test_who_may_not_see_a_ticket_gets_the_same_answer_as_for_none(api: Api, staff: Staff):
    hidden = await api.open(SHOP, team_id=str(CREDIT.id))
    for who in (staff.agent, staff.viewer, OTHER_SHOP):
        seen = await api(who, "GET", f"/api/tickets/{hidden['id']}")
        none = await api(who, "GET", f"/api/tickets/{uuid4()}")
        odd = await api(who, "GET", "/api/tickets/no-such-thing")
        answers = [{**a.json(), "correlation_id": ""} for a in (seen, none, odd)]
        assert answers[0] == answers[1] == answers[2]
        assert seen.status_code == 404
    for who in (staff.lender, staff.manager, staff.admin, SHOP):
        assert (await api(who, "GET", f"/api/tickets/{hidden['id']}")).status_code == 200


async def test_a_viewer_sees_but_changes_nothing_and_sees_no_notes(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    await api(staff.agent, "POST", f"{path}/comments", json={"body_text": "secret"})
    shown = await api.show(staff.viewer, ticket)
    assert [m["kind"] for m in shown["messages"]] == ["customer"]
    comments = await api(staff.viewer, "GET", f"{path}/comments")
    assert "secret" not in comments.text
    refused = [
        await api.change(staff.viewer, ticket, status="on_hold"),
        await api(staff.viewer, "POST", f"{path}/comments", json={"body_text": "x"}),
        await api.reply(staff.viewer, ticket),
        await api.upload(staff.viewer, ticket),
        await api(staff.viewer, "POST", f"{path}/reopen"),
    ]
    assert [a.status_code for a in refused] == [403] * 5
    opening = await api(
        staff.viewer, "POST", "/api/tickets", json={"subject": "x", "body_text": "y"}
    )
    assert opening.status_code == 403


async def test_a_change_needs_the_version_that_it_is_based_on(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    without = await api(staff.agent, "PUT", path, json={"priority": "high"})
    assert without.status_code == 428
    await api.change(staff.other, ticket, priority="urgent", tags=["leak"])
    stale = await api(
        staff.agent, "PUT", path, json={"priority": "low"}, headers={"If-Match": '"1"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert stale.json()["changed"] == ["priority_changed", "tagged"]
    assert stale.headers["etag"] == '"3"'
    ahead = await api(
        staff.agent, "PUT", path, json={"priority": "low"}, headers={"If-Match": '"9"'}
    )
    assert ahead.status_code == 412


async def test_a_change_moves_everything_at_once_or_nothing(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    good = await api.change(
        staff.agent,
        ticket,
        status="on_hold",
        priority="high",
        assignee=staff.other.email,
        tags=["A"],
    )
    assert (good.status_code, good.json()["status"]) == (200, "on_hold")
    shown = await api.show(staff.agent, ticket)
    assert good.headers["etag"] == f'"{shown["version"]}"'
    assert (shown["priority"], shown["tags"]) == ("high", ["a"])
    bad = await api.change(staff.agent, ticket, priority="low", status="new")
    assert (bad.status_code, bad.json()["code"]) == (409, "transition_refused")
    assert (await api.show(staff.agent, ticket))["priority"] == "high"


async def test_an_assignee_is_taken_off_by_null_and_kept_by_absence(api: Api, staff: Staff):
    ticket = await api.open(staff.agent, assignee=str(staff.other.id))
    await api.change(staff.agent, ticket, priority="high")
    assert (await api.show(staff.agent, ticket))["assignee_id"] == str(staff.other.id)
    await api.change(staff.agent, ticket, assignee=None)
    assert (await api.show(staff.agent, ticket))["assignee_id"] is None


async def test_moving_a_ticket_to_where_one_cannot_see_it_hides_it(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    moved = await api.change(staff.agent, ticket, team_id=str(CREDIT.id))
    assert moved.status_code == 200
    assert (await api(staff.agent, "GET", f"/api/tickets/{ticket['id']}")).status_code == 404
    assert (await api(staff.lender, "GET", f"/api/tickets/{ticket['id']}")).status_code == 200


async def test_solving_closing_and_reopening(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    early = await api.change(staff.agent, ticket, status="solved")
    assert (early.status_code, early.json()["code"]) == (409, "assignee_missing")
    await api.change(staff.agent, ticket, status="closed", assignee=str(staff.agent.id))
    assert (await api(staff.agent, "POST", f"{path}/reopen")).json()["code"] == "ticket_closed"
    admin = f"/api/admin/tickets/{ticket['number']}/reopen"
    assert (await api(staff.manager, "POST", admin, json={"reason": "x"})).status_code == 403
    without = await api(staff.admin, "POST", admin, json={})
    assert (without.status_code, without.json()["code"]) == (422, "reason_missing")
    done = await api(staff.admin, "POST", admin, json={"reason": "closed by mistake"})
    assert (done.status_code, done.json()["status"]) == (200, "open")
    await api.change(staff.agent, ticket, status="solved")
    again = await api(staff.agent, "POST", f"{path}/reopen", json={"reason": None})
    assert (again.status_code, again.json()["status"]) == (200, "open")


async def test_comments_are_internal_and_say_so(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}/comments"
    public = await api(staff.agent, "POST", path, json={"body_text": "x", "public": True})
    assert (public.status_code, public.json()["code"]) == (422, "use_reply")
    assert "/reply" in public.json()["detail"]
    note = await api(staff.agent, "POST", path, json={"body_html": "<p>call her</p>"})
    assert note.status_code == 201
    assert note.json()["public"] is False
    shown = await api.show(staff.agent, ticket)
    assert shown["status"] == "open"
    assert shown["messages"][1]["author"] == {"id": str(staff.agent.id), "name": "Agent 1"}


async def test_comments_come_in_pages(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}/comments"
    for n in range(4):
        await api(staff.agent, "POST", path, json={"body_text": f"note {n}"})
    texts, cursor = [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = (await api(staff.agent, "GET", path + query)).json()
        texts += [m["body_text"] for m in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert texts == ["It leaks", "note 0", "note 1", "note 2", "note 3"]
    foreign = await api(staff.agent, "GET", f"{path}?cursor=AAAA")
    assert (foreign.status_code, foreign.json()["code"]) == (422, "bad_cursor")


async def test_a_key_reaches_only_what_it_opened_unless_its_scope_says_all(api: Api, staff: Staff):
    own, other = await api.open(SHOP), await api.open(staff.agent)
    assert (await api(SHOP, "GET", f"/api/tickets/{own['id']}")).status_code == 200
    assert (await api(SHOP, "GET", f"/api/tickets/{other['id']}")).status_code == 404
    assert (await api(SHOP, "GET", "/api/tickets")).status_code == 403
    everything = key_actor("bi", "tickets:view:all")
    for ticket in (own, other):
        assert (await api(everything, "GET", f"/api/tickets/{ticket['id']}")).status_code == 200
    assert (await api.upload(everything, own)).status_code == 403


async def test_without_a_valid_token_nothing_answers(api: Api, staff: Staff):
    plain = await api.client.get("/api/tickets")
    forged = await api.client.get("/api/tickets", headers={"Deskstream-Identity": "x.y.z"})
    foreign = api.signer.sign(key_actor("k", "tickets:view"), "notifier")
    other = await api.client.get("/api/tickets", headers={"Deskstream-Identity": foreign})
    assert [a.status_code for a in (plain, forged, other)] == [401, 401, 401]
    assert UUID(plain.json()["correlation_id"])
    assert staff

"""What each may see and do beyond a route's own access (test_matrix.py), and how soon it ends."""

import time
from typing import Any
from uuid import uuid4

import httpx
from e2e.people import Desk


def without_names(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer but for correlation id, date and RateLimit."""
    own = {"deskstream-correlation", "date", "ratelimit", "ratelimit-policy"}
    body = answer.json()
    body.pop("correlation_id")
    headers = {k: v for k, v in answer.headers.items() if k not in own}
    return answer.status_code, body, headers


async def test_a_ticket_one_may_not_see_answers_as_one_that_is_not_there(desk: Desk) -> None:
    outsider = await desk.member("agent", teams=[], kind="outsider")
    team = (await desk.admin.json("GET", "/api/teams", 200))["items"][0]["id"]
    await desk.admin.call("PUT", f"/api/admin/users/{outsider.id}/teams", 200, json={"teams": []})
    ticket = await desk.ticket(team_id=team)
    for method, tail, body in (
        ("GET", "", None),
        ("GET", "/comments", None),
        ("POST", "/comments", {"body_text": "x"}),
        ("POST", "/reply", {"body_text": "x"}),
        ("POST", "/reopen", {}),
    ):
        seen = [
            await outsider.session.send(method, f"/api/tickets/{which}{tail}", json=body)
            for which in (ticket["id"], uuid4())
        ]
        assert seen[0].status_code == 404
        assert without_names(seen[0]) == without_names(seen[1])


async def test_a_viewer_looks_and_does_not_touch(desk: Desk) -> None:
    viewer = await desk.member("viewer")
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    await desk.admin.call("POST", f"{path}/comments", 201, json={"body_text": "internal"})
    assert "internal" not in (await viewer.session.call("GET", path, 200)).text
    assert "internal" not in (await viewer.session.call("GET", f"{path}/comments", 200)).text
    for tail, body in (("reply", {"body_text": "x"}), ("comments", {"body_text": "x"})):
        await viewer.session.call("POST", f"{path}/{tail}", 403, json=body)
    await viewer.session.call("POST", f"{path}/reopen", 403, json={})


async def test_a_key_sees_the_tickets_it_opened_and_no_others(desk: Desk) -> None:
    one, two = [await desk.key("tickets:create", "tickets:view") for _ in range(2)]
    ticket = await desk.ticket(one)
    await one.call("GET", f"/api/tickets/{ticket['id']}", 200)
    await two.call("GET", f"/api/tickets/{ticket['id']}", 404)
    everyone = await desk.key("tickets:view:all")
    await everyone.call("GET", f"/api/tickets/{ticket['id']}", 200)


async def test_a_revoked_key_is_refused_within_five_seconds(desk: Desk) -> None:
    made = await desk.new_key("tickets:create")
    key = desk.visitor(made["secret"])
    await desk.ticket(key)
    await desk.admin.call("DELETE", f"/api/keys/{made['id']}", 204)
    end = time.monotonic() + 6
    while (await key.send("POST", "/api/tickets", json={})).status_code != 401:
        assert time.monotonic() < end


async def test_a_suspended_agent_is_out_within_five_seconds(desk: Desk) -> None:
    member = await desk.join("agent")
    await desk.admin.call(
        "POST", f"/api/admin/users/{member.id}/status", 200, json={"status": "suspended"}
    )
    end = time.monotonic() + 6
    while (await member.session.send("GET", "/api/tickets")).status_code != 401:
        assert time.monotonic() < end

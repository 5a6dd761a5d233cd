"""Accounts, teams, sessions and keys through the front door."""

import time
from uuid import uuid4

from e2e.people import PASSWORD, Desk

from deskstream_tools.demo.waiting import eventually


async def test_a_team_that_becomes_restricted_is_hidden_from_its_viewers(
    desk: Desk,
) -> None:
    body = {"title": f"Team {uuid4().hex[:8]}", "restricted": False}
    team = await desk.admin.json("POST", "/api/teams", 201, json=body)

    async def ticket_of_team() -> str | None:
        made = await desk.admin.send(
            "POST", "/api/tickets", json={"subject": "S", "body_text": "B", "team_id": team["id"]}
        )
        return str(made.json()["id"]) if made.status_code == 201 else None

    path = f"/api/tickets/{await eventually('ticketing to know the team', ticket_of_team)}"
    viewer = await desk.join("viewer", teams=[team["id"]])
    await viewer.session.call("GET", path, 200)
    await desk.admin.call("PUT", f"/api/teams/{team['id']}", 200, json={**body, "restricted": True})

    async def hidden() -> bool | None:
        return (await viewer.session.send("GET", path)).status_code == 404 or None

    await eventually("the viewer to lose sight of it", hidden)
    listed = (await desk.admin.json("GET", "/api/teams", 200))["items"]
    assert {**team, "restricted": True} in listed


async def test_a_session_ended_from_another_browser_is_refused_within_five_seconds(
    desk: Desk,
) -> None:
    member = await desk.join("viewer")
    elsewhere = desk.visitor()
    await elsewhere.sign_in(member.email, PASSWORD)
    listed = (await member.session.json("GET", "/api/auth/sessions", 200))["items"]
    (other,) = [one["id"] for one in listed if not one["current"]]
    stranger = await desk.member("agent")
    await stranger.session.call("DELETE", f"/api/auth/sessions/{other}", 404)
    await elsewhere.call("GET", "/api/auth/session", 200)
    await member.session.call("DELETE", f"/api/auth/sessions/{other}", 204)
    end = time.monotonic() + 6
    while (await elsewhere.send("GET", "/api/auth/session")).status_code != 401:
        assert time.monotonic() < end
    await member.session.call("GET", "/api/auth/session", 200)

"""Accounts, teams, sessions and keys through the front door."""

from uuid import uuid4

from e2e.people import Desk

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

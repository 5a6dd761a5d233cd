"""Accounts, teams, sessions and keys through the front door."""

import copy
import re
import time
from uuid import uuid4

from e2e.people import PASSWORD, Desk

from deskstream_tools.demo.mail import text_of
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


async def test_a_forgotten_password_is_set_by_the_mailed_link_once(desk: Desk) -> None:
    member = await desk.join("viewer")
    visitor, chosen = desk.visitor(), "another long and quiet sentence"
    asked = [
        await visitor.call("POST", "/api/auth/forgot-password", 202, json={"email": email})
        for email in (member.email, f"nobody-{uuid4().hex[:8]}@staff.test")
    ]
    assert asked[0].content == asked[1].content
    text = text_of(await desk.mailbox.first(member.email, "password"))
    link = re.search(r"reset-password\?token=([\w.~-]+)", text)
    assert link
    token = link.group(1)
    page = await visitor.call("GET", f"/reset-password?token={token}", 200)
    assert f'value="{token}"' in page.text
    body = {"token": token, "new_password": chosen}
    await visitor.call("POST", "/api/auth/reset-password", 422, json={**body, "new_password": "no"})
    done = await visitor.call("POST", "/api/auth/reset-password", 200, json=body)
    assert "set-cookie" not in done.headers
    await visitor.call("POST", "/api/auth/reset-password", 400, json=body)
    end = time.monotonic() + 6
    while (await member.session.send("GET", "/api/auth/session")).status_code != 401:
        assert time.monotonic() < end
    old = {"email": member.email, "password": PASSWORD}
    await desk.visitor().call("POST", "/api/auth/login", 401, json=old)
    await desk.visitor().sign_in(member.email, chosen)


async def test_a_rotated_key_works_with_both_secrets_until_it_is_rotated_again(desk: Desk) -> None:
    made = await desk.new_key("tickets:create")
    path = f"/api/keys/{made['id']}/rotate"
    second = await desk.admin.json("POST", path, 200, json={"overlap_seconds": 3600})
    for secret in (made["secret"], second["secret"]):
        await desk.ticket(desk.visitor(secret))
    third = await desk.admin.json("POST", path, 200, json={"overlap_seconds": 3600})
    old = desk.visitor(made["secret"])
    end = time.monotonic() + 6
    while (await old.send("POST", "/api/tickets", json={})).status_code != 401:
        assert time.monotonic() < end
    for secret in (second["secret"], third["secret"]):
        await desk.ticket(desk.visitor(secret))


async def test_a_new_password_changes_the_cookie_and_other_tabs_have_half_a_minute(
    desk: Desk,
) -> None:
    member = await desk.join("viewer")
    other_tab, chosen = copy.copy(member.session), "another long and quiet sentence"
    body = {"old_password": PASSWORD, "new_password": chosen}
    await member.session.call("POST", "/api/auth/change-password", 204, json=body)
    begun = time.monotonic()
    mine = await member.session.json("GET", "/api/auth/session", 200)
    assert await other_tab.json("GET", "/api/auth/session", 200) == mine

    async def refused() -> bool | None:
        return (await other_tab.send("GET", "/api/auth/session")).status_code == 401 or None

    await eventually("the old cookie to be refused", refused, seconds=45)
    assert time.monotonic() - begun > 25
    await member.session.call("GET", "/api/auth/session", 200)
    await member.session.call("POST", "/api/auth/logout", 204)

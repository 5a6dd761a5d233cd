"""What happens at the desk is told at once, to those who may know of it and to nobody else."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from e2e.people import Desk, Member

from deskstream_tools.demo.waiting import eventually
from deskstream_tools.listening import Listener, Told

SECONDS = 20


async def listening(member: Member, since: int | None = None) -> Listener:
    """Past the greeting: what happens from now on comes."""
    listener = await member.session.listen(since)
    assert listener.status == 200
    async with asyncio.timeout(SECONDS):
        await listener.block()
    return listener


async def until(listener: Listener, kind: str, about: str) -> list[Told]:
    """Everything up to this event, itself included."""
    found = []
    async with asyncio.timeout(SECONDS):
        while True:
            told = await listener.event()
            found.append(told)
            if (told.data["type"], told.data["id"]) == (kind, about):
                return found


async def restricted_team(desk: Desk) -> str:
    """A team that ticketing and the gateway's own replica know as restricted."""
    body = {"title": f"Credit {uuid4().hex[:8]}", "restricted": True}
    return str((await desk.admin.json("POST", "/api/teams", 201, json=body))["id"])


async def ticket_of(desk: Desk, team: str) -> str:
    """As soon as ticketing has heard of the team."""

    async def made() -> str | None:
        body = {"subject": "S", "body_text": "B", "team_id": team}
        answer = await desk.admin.send("POST", "/api/tickets", json=body)
        return str(answer.json()["id"]) if answer.status_code == 201 else None

    return await eventually("ticketing to know the team", made)


@pytest.mark.threat("27")
async def test_two_people_hear_of_their_teams_ticket_and_a_foreign_team_hears_nothing(
    desk: Desk,
) -> None:
    team = await restricted_team(desk)
    one, two = await desk.join("agent", teams=[team]), await desk.join("agent", teams=[team])
    foreign = await desk.join("agent")
    listeners = [await listening(who) for who in (one, two, foreign)]
    ticket = await ticket_of(desk, team)
    await one.session.call(
        "POST", f"/api/tickets/{ticket}/comments", 201, json={"body_text": "Call him."}
    )
    own = (await desk.ticket())["id"]
    note = "ticketing.ticket.note_added.v1"
    heard = [await until(listener, note, ticket) for listener in listeners[:2]]
    numbers = [[told.data["seq"] for told in told_one] for told_one in heard]
    assert numbers[0] == numbers[1] == sorted(numbers[0])
    assert all(set(told.data) == {"seq", "type", "id", "version"} for told in heard[0])
    strange = await until(listeners[2], "ticketing.ticket.opened.v1", own)
    assert [told for told in strange if told.data["id"] == ticket] == []
    again = await one.session.listen(numbers[0][0])
    assert (await until(again, note, ticket))[-1].data["seq"] == numbers[0][-1]
    for listener in (*listeners, again):
        listener.leave()


async def test_viewers_hear_of_no_notes(desk: Desk) -> None:
    viewer = await desk.join("viewer")
    listener = await listening(viewer)
    ticket = (await desk.ticket())["id"]
    path = f"/api/tickets/{ticket}"
    await desk.admin.call("POST", f"{path}/comments", 201, json={"body_text": "Late payer."})
    version = (await desk.admin.call("GET", path, 200)).headers["etag"]
    change = {"json": {"priority": "high"}, "headers": {"If-Match": version}}
    await desk.admin.call("PUT", path, 200, **change)
    heard = await until(listener, "ticketing.ticket.priority_changed.v1", ticket)
    assert "ticketing.ticket.note_added.v1" not in {told.data["type"] for told in heard}
    listener.leave()


@pytest.mark.threat("27", "25")
@pytest.mark.parametrize("cause", ["sign-out", "suspension", "role", "teams"])
async def test_a_stream_ends_within_five_seconds_of(desk: Desk, cause: str) -> None:
    member = await desk.join("agent")
    listener = await listening(member)
    path = f"/api/admin/users/{member.id}"
    match cause:
        case "sign-out":
            await member.session.call("POST", "/api/auth/logout", 204)
        case "suspension":
            body: dict[str, Any] = {"status": "suspended"}
            await desk.admin.call("POST", f"{path}/status", 200, json=body)
        case "role":
            body = {"status": "active", "role": "viewer"}
            await desk.admin.call("POST", f"{path}/status", 200, json=body)
        case "teams":
            await desk.admin.call("PUT", f"{path}/teams", 200, json={"teams": []})
    async with asyncio.timeout(5):
        assert (await listener.rest())[-1].data == {"reason": "rights_changed"}
    listener.leave()


async def test_a_key_reads_of_the_tickets_it_opened_and_no_others(desk: Desk) -> None:
    key = await desk.key("events", "tickets:create", "tickets:view")
    await desk.ticket()
    mine = (await desk.ticket(key))["id"]
    seen: set[str] = set()
    since = 0

    async def read() -> bool | None:
        nonlocal since
        page = await key.json("GET", f"/api/events?limit=100&since={since}", 200)
        found = [item for item in page["items"] if item["type"].startswith("ticketing.ticket.")]
        seen.update(item["id"] for item in found)
        since = page["next"]
        return mine in seen or None

    await eventually("the key's own ticket in its feed", read)
    assert seen == {mine}


async def test_presence_is_seen_by_colleagues_and_hidden_with_the_ticket(desk: Desk) -> None:
    team = await restricted_team(desk)
    one, two = await desk.join("agent", teams=[team]), await desk.join("agent", teams=[team])
    ticket, foreign = await ticket_of(desk, team), await desk.join("agent")
    here = {"ticket_id": ticket, "state": "replying"}

    async def told() -> bool | None:
        answer = await one.session.send("POST", "/api/presence", json=here)
        return answer.status_code == 204 or None

    await eventually("the gateway to know the ticket", told)
    there = await two.session.json("GET", f"/api/presence?ticket_id={ticket}", 200)
    assert there["items"] == [{"id": one.id, "name": one.name, "state": "replying"}]
    await foreign.session.call("GET", f"/api/presence?ticket_id={ticket}", 404)
    await foreign.session.call("POST", "/api/presence", 404, json=here)


async def test_suspending_somebody_lists_his_open_tickets(desk: Desk) -> None:
    member = await desk.join("agent")
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    version = (await desk.admin.call("GET", path, 200)).headers["etag"]
    change = {"json": {"assignee": member.id}, "headers": {"If-Match": version}}
    listener = await listening(member)
    await desk.admin.call("PUT", path, 200, **change)
    await until(listener, "ticketing.ticket.assigned.v1", ticket["id"])
    listener.leave()
    status = f"/api/admin/users/{member.id}/status"
    answer = await desk.admin.json("POST", status, 200, json={"status": "suspended"})
    assert answer["open_tickets"] == [{"id": ticket["id"], "number": ticket["number"]}]
    assert answer["open_tickets_total"] == 1

"""The rows of calls, and attacks on them, through the gateway."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from uuid import uuid4

import asyncpg
import pytest
from e2e.people import Desk
from e2e.telephony import a_call, report, reported, secret_of
from e2e.test_routes_ticketing import shown

from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack


def own_number() -> str:
    """One that no other call of this run has."""
    return f"sip:{uuid4().hex}@customers.test"


async def counted(stack: Stack, statement: str, *values: object) -> int:
    connection = await asyncpg.connect(stack.dsn("ticketing"))
    try:
        return int(await connection.fetchval(statement, *values))
    finally:
        await connection.close()


async def facts_of(stack: Stack, call: str) -> int:
    return await counted(stack, "select count(*) from events where stream_id = $1::uuid", call)


async def test_post_telephony(desk: Desk, stack: Stack) -> None:
    number = own_number()
    missed = a_call(number, CallType="Missed")
    for secret in ("", "wrong", secret_of(stack)[:-1]):
        refused = await report(desk, stack, missed, **{"X-Deskstream-Webhook": secret})
        assert (refused.status_code, refused.json()["code"]) == (401, "webhook_rejected")
    assert (await report(desk, stack, a_call(number, CallType="Party"))).status_code == 422
    call = await reported(desk, stack, missed)
    assert await reported(desk, stack, missed) == call
    agent = (await desk.member("agent")).session
    ticket = (await agent.json("GET", f"/api/calls/{call}", 200))["ticket_id"]
    assert (await shown(agent, {"id": ticket}))["channel"] == "phone"


async def test_get_calls(desk: Desk, stack: Stack) -> None:
    agent = (await desk.member("agent")).session
    outsider = (await desk.member("agent", teams=[], kind="teamless")).session
    ticket = await desk.ticket()
    call = await reported(desk, stack, a_call(own_number()))
    await agent.call("PATCH", f"/api/calls/{call}", 200, json={"ticket": ticket["id"]})
    query = f"/api/calls?ticket={ticket['id']}"
    assert [c["id"] for c in (await agent.json("GET", query, 200))["items"]] == [call]
    assert (await outsider.json("GET", query, 200))["items"] == []


async def test_get_and_patch_call(desk: Desk, stack: Stack) -> None:
    agent, viewer = (await desk.member("agent")).session, (await desk.member("viewer")).session
    path = f"/api/calls/{await reported(desk, stack, a_call(own_number()))}"
    await agent.call("PATCH", path, 422, json={})
    await viewer.call("PATCH", path, 403, json={"note": "x"})
    changed = await agent.json("PATCH", path, 200, json={"note": "wants a drum"})
    assert [note["text"] for note in changed["notes"]] == ["wants a drum"]
    assert (await viewer.json("GET", path, 200))["notes"] == []


@pytest.mark.threat("S4")
async def test_s4_a_call_is_linked_by_nobody_who_may_not_at_both_ends(
    desk: Desk, stack: Stack
) -> None:
    """Neither by a stranger nor to a ticket out of sight: 404, and not one fact more."""
    agent = (await desk.member("agent")).session
    outsider = (await desk.member("agent", teams=[], kind="teamless")).session
    call = await reported(desk, stack, a_call(own_number()))
    path, before = f"/api/calls/{call}", await facts_of(stack, call)
    title = f"Closed {uuid4().hex[:8]}"
    made = {"title": title, "restricted": True}
    team = (await desk.admin.json("POST", "/api/teams", 201, json=made))["id"]

    async def opened() -> dict[str, str] | None:
        body = {"subject": "S", "body_text": "B", "team_id": team}
        answer = await desk.admin.send("POST", "/api/tickets", json=body)
        return dict(answer.json()) if answer.status_code == 201 else None

    foreign = await eventually("a ticket of the new team", opened)
    await desk.visitor().call("PATCH", path, 401, json={"note": "x"})
    never = await agent.json("PATCH", path, 404, json={"ticket": str(uuid4())})
    for name in (foreign["id"], str(foreign["number"])):
        seen = await agent.json("PATCH", path, 404, json={"ticket": name, "note": "mine now"})
        assert {**seen, "correlation_id": ""} == {**never, "correlation_id": ""}
    own = await desk.ticket(outsider)
    await outsider.call("PATCH", path, 404, json={"ticket": own["id"]})
    await outsider.call("GET", path, 404)
    assert await facts_of(stack, call) == before
    assert (await agent.json("GET", path, 200))["ticket_id"] is None


@pytest.mark.threat("28")
async def test_28_a_report_sent_again_under_any_id_has_one_effect(desk: Desk, stack: Stack) -> None:
    """Many at once and later, with other ids and headers, the bytes told otherwise: one call, one
    ticket."""
    number = own_number()
    call = a_call(number, CallType="Missed")
    ids = [{"webhook-id": f"msg_{uuid4().hex}", "Idempotency-Key": uuid4().hex} for _ in range(8)]
    answers = await asyncio.gather(*(report(desk, stack, call, **more) for more in ids))
    answers.append(await report(desk, stack, {**dict(reversed(call.items())), "More": "1"}))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    of_number = "select count({}) from call where phone = $1"
    assert await counted(stack, of_number.format("*"), number) == 1
    assert await counted(stack, of_number.format("distinct ticket_id"), number) == 1
    assert await facts_of(stack, answers[0].json()["id"]) == 2


@pytest.mark.threat("28")
async def test_28_a_signature_made_of_the_shared_secret_is_none(desk: Desk, stack: Stack) -> None:
    """Who sends a secret as it is cannot be taken for one who signs, nor sign for later."""
    number = own_number()
    body, secret = json.dumps(a_call(number)).encode(), secret_of(stack)
    name, at = f"msg_{uuid4().hex}", str(int(time.time()))
    digest = hmac.digest(
        secret.encode(), b".".join((name.encode(), at.encode(), body)), hashlib.sha256
    )
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    await desk.visitor().call("POST", "/api/telephony/3cx", 401, content=body, headers=headers)
    assert await counted(stack, "select count(*) from call where phone = $1", number) == 0

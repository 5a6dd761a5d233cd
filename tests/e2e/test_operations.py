"""What waits for a person is found and decided through the front door, over every service."""

import asyncio
import json
import time
from typing import Any
from uuid import uuid4

from e2e.people import Desk

from deskstream_tools.demo.target import Target
from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack

REASON = "the provider's log shows that it was delivered"


async def _held(desk: Desk) -> dict[str, dict[str, Any]]:
    path = "/api/ops/effects?service=notifier&status=held&limit=100"
    page = await desk.admin.json("GET", path, 200)
    assert page["partial"] == {}
    return {item["id"]: item for item in page["items"]}


async def _newly_held(desk: Desk, before: set[str]) -> dict[str, Any]:
    async def probe() -> dict[str, Any] | None:
        found = await _held(desk)
        return next((item for key, item in found.items() if key not in before), None)

    return await eventually("the held mail in the list of effects", probe, seconds=60)


async def test_a_mail_of_unknown_outcome_is_listed_and_decided(desk: Desk, target: Target) -> None:
    manager = (await desk.member("manager")).session
    agent = (await desk.member("agent")).session
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    await desk.mailbox.first(ticket["requester"]["email"], "")
    before = set(await _held(desk))
    reply = await desk.admin.json("POST", f"{path}/reply", 202, json={"body_text": "Forty."})
    faults = {"drop_after_data": 1}
    (await desk.client.put(f"{target.mailbox_url}/faults", json=faults)).raise_for_status()
    try:
        effect = await _newly_held(desk, before)
    finally:
        await desk.client.put(f"{target.mailbox_url}/faults", json={})
    shown = str(effect)
    assert ticket["requester"]["email"] not in shown
    resolve = f"/api/ops/effects/{effect['id']}/resolve"
    outcome = {"outcome": "happened"}
    await manager.call("POST", resolve, 422, json=outcome)
    await agent.call("POST", resolve, 403, json={**outcome, "reason": REASON})
    done = await manager.json("POST", resolve, 200, json={**outcome, "reason": REASON})
    assert (done["service"], done["status"]) == ("notifier", "sent")

    async def sent() -> bool | None:
        state = await desk.admin.json("GET", f"{path}/replies/{reply['reply_id']}", 200)
        return True if state["state"] == "sent" else None

    await eventually("the reply to show as sent", sent)
    again = await manager.send("POST", resolve, json={**outcome, "reason": REASON})
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_every_service_stands_in_the_list_of_streams(desk: Desk) -> None:
    manager = (await desk.member("manager")).session
    seen, path = [], "/api/ops/streams?limit=4"
    until = time.monotonic() + 30
    cursor = ""
    while time.monotonic() < until:
        page = await manager.json("GET", path + cursor, 200)
        assert page["partial"] == {}
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    relays = [item["service"] for item in seen if item["kind"] == "relay"]
    assert relays == ["gateway", "notifier", "ticketing"]
    consumers = {item["consumer"] for item in seen if item["kind"] == "consumer"}
    assert {name.partition(".")[0] for name in consumers} == {"gateway", "notifier", "ticketing"}


async def test_what_is_not_set_aside_cannot_be_replayed(desk: Desk) -> None:
    manager = (await desk.member("manager")).session
    for service in ("ticketing", "notifier", "gateway"):
        base, body = f"/api/ops/streams/{service}", {"reason": REASON}
        parked = await manager.send("POST", f"{base}/parked/{uuid4()}/replay", json=body)
        assert (parked.status_code, parked.json()["code"]) == (404, "not_found")
        letter = await manager.send("POST", f"{base}/dead-letters/{uuid4()}/replay", json=body)
        assert (letter.status_code, letter.json()["code"]) == (404, "unknown_dead_letter")


async def test_what_was_asked_stands_on_a_trail_that_is_whole(desk: Desk, stack: Stack) -> None:
    manager = await desk.member("manager")
    path = f"/api/ops/streams/notifier/dead-letters/{uuid4()}/replay"
    await manager.session.call("POST", path, 404, json={"reason": REASON})
    query = f"/api/audit?action=replayed&principal=user:{manager.id}&limit=1"
    (newest,) = (await desk.admin.json("GET", query, 200))["items"]
    assert (newest["outcome"], newest["code"]) == ("failed", "unknown_dead_letter")
    await manager.session.call("GET", "/api/audit", 403)
    verified = await asyncio.to_thread(stack.run, "gateway", "audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["links"] > 0
    tail = await asyncio.to_thread(stack.run, "gateway", "audit", "tail", "5")
    assert len(json.loads(tail.stdout)["items"]) == 5

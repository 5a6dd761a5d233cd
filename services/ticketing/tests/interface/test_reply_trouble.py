"""Replies that wait or did not arrive, over HTTP: schedule, change, try again, give up."""

from datetime import timedelta
from uuid import UUID, uuid4

from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.application.settle_reply import ACTOR, SettleReply
from ticketing.domain.replies import Delivered, Undelivered
from ticketing.testing import CREDIT, START, Api, Staff, caller_of, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def settle(app: TicketingApp, database: Database, ticket, reply: str, outcome) -> None:
    command = SettleReply(UUID(ticket["id"]), UUID(reply), outcome, START)
    async with database.work() as work:
        await app.settle_reply(work, command, caller_of(ACTOR).origin)


async def failed_reply(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = (await api.reply(staff.agent, ticket, then="wait")).json()["reply_id"]
    clock.advance(seconds=11)
    assert await app.release_replies()
    await settle(app, database, ticket, reply, Undelivered("smtp_550", 1))
    return ticket, reply, f"/api/tickets/{ticket['id']}/replies/{reply}"


async def edit(api: Api, who, ticket, path, **body):
    seen = (await api.show(who, ticket))["version"]
    headers = {"If-Match": f'"{seen}"'}
    return await api(who, "PUT", path, json={"body_text": "Better"} | body, headers=headers)


async def test_a_failed_reply_is_corrected_tried_again_and_arrives(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    ticket, reply, path = await failed_reply(api, staff, app, database, clock)
    listed = await api(staff.other, "GET", "/api/tickets/failed-replies")
    assert [r["reply_id"] for r in listed.json()["items"]] == [reply]
    changed = await edit(api, staff.other, ticket, path, to="right@customer.test")
    assert (changed.status_code, changed.json()["state"]) == (200, "failed")
    again = await api(staff.other, "POST", f"{path}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "queued")
    assert (await api(staff.agent, "GET", "/api/tickets/failed-replies")).json()["items"] == []
    assert not await app.release_replies()
    clock.advance(seconds=11)
    assert await app.release_replies()
    await settle(app, database, ticket, reply, Delivered("m@d", 1))
    shown = (await api.show(staff.agent, ticket))["messages"]
    assert [(m["id"], m["body_text"], m["reply"]["state"]) for m in shown if m["reply"]] == [
        (reply, "Better", "sent")
    ]
    late = await api(staff.agent, "POST", f"{path}/retry")
    assert (late.status_code, late.json()["code"]) == (409, "reply_not_troubled")


async def test_a_failed_reply_is_given_up_once(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    _, _, path = await failed_reply(api, staff, app, database, clock)
    assert (await api(staff.viewer, "POST", f"{path}/discard")).status_code == 403
    for _ in range(2):
        gone = await api(staff.agent, "POST", f"{path}/discard")
        assert (gone.status_code, gone.json()["state"]) == (200, "discarded")
    assert (await api(staff.agent, "GET", "/api/tickets/failed-replies")).json()["items"] == []


async def test_a_retry_with_the_same_key_queues_once(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    ticket, _, path = await failed_reply(api, staff, app, database, clock)
    headers = {"Idempotency-Key": "again-1"}
    first = await api(staff.agent, "POST", f"{path}/retry", headers=headers)
    version = (await api.show(staff.agent, ticket))["version"]
    again = await api(staff.agent, "POST", f"{path}/retry", headers=headers)
    assert first.json() == again.json()
    assert (await api.show(staff.agent, ticket))["version"] == version


async def test_changing_needs_the_version_seen_and_a_reply_that_can_still_change(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = (await api.reply(staff.agent, ticket)).json()["reply_id"]
    path = f"/api/tickets/{ticket['id']}/replies/{reply}"
    assert (await api(staff.agent, "PUT", path, json={"body_text": "x"})).status_code == 428
    await api.change(staff.other, ticket, priority="high")
    stale = await api(
        staff.agent, "PUT", path, json={"body_text": "x"}, headers={"If-Match": '"2"'}
    )
    assert (stale.status_code, "priority_changed" in stale.json()["changed"]) == (412, True)
    clock.advance(seconds=9)
    changed = await edit(api, staff.agent, ticket, path)
    assert changed.status_code == 200
    clock.advance(seconds=9)
    assert not await app.release_replies()
    clock.advance(seconds=2)
    assert await app.release_replies()
    late = await edit(api, staff.agent, ticket, path)
    assert (late.status_code, late.json()["code"]) == (409, "too_late")
    unknown = await edit(api, staff.agent, ticket, path.replace(reply, str(uuid4())))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "reply_not_found")
    empty = await edit(api, staff.agent, ticket, path, body_text=" ")
    assert (empty.status_code, empty.json()["code"]) == (422, "body_missing")


async def test_a_scheduled_reply_goes_out_in_its_time_and_only_then_changes_the_ticket(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    at = (START + timedelta(hours=1)).isoformat()
    planned = await api.reply(staff.agent, ticket, send_at=at, then="wait")
    assert (planned.status_code, planned.json()["state"]) == (202, "scheduled")
    assert (await api.show(staff.agent, ticket))["status"] == "new"
    clock.advance(seconds=60)
    assert not await app.send_scheduled()
    assert not await app.release_replies()
    clock.advance(seconds=3600)
    assert await app.send_scheduled()
    assert not await app.send_scheduled()
    shown = await api.show(staff.agent, ticket)
    assert (shown["status"], shown["messages"][-1]["reply"]["state"]) == (
        "waiting_customer",
        "released",
    )
    past = await api.reply(staff.agent, ticket, send_at="2020-01-01T00:00:00Z")
    assert (past.status_code, past.json()["code"]) == (422, "send_time_invalid")


async def test_a_scheduled_reply_is_taken_back(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    at = (START + timedelta(hours=1)).isoformat()
    reply = (await api.reply(staff.agent, ticket, send_at=at)).json()["reply_id"]
    path = f"/api/tickets/{ticket['id']}/replies/{reply}/cancel"
    assert (await api(staff.other, "POST", path)).json()["state"] == "cancelled"
    clock.advance(seconds=7200)
    assert not await app.send_scheduled()


async def test_replies_of_a_hidden_ticket_are_hidden(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    ticket, _, path = await failed_reply(api, staff, app, database, clock)
    await api.change(staff.manager, ticket, team_id=str(CREDIT.id), assignee=None)
    for action in ("retry", "discard"):
        assert (await api(staff.agent, "POST", f"{path}/{action}")).status_code == 404

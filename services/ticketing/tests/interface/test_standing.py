"""Out of sight and back, over HTTP: snooze, delete, restore, spam, share, watch."""

from datetime import timedelta

from deskstream_chassis.clock import FixedClock
from ticketing.application.app import TicketingApp
from ticketing.testing import CREDIT, START, Api, Staff, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def numbers(api: Api, who, query: str = "") -> list[int]:
    listed = await api(who, "GET", f"/api/tickets{query}")
    assert listed.status_code == 200, listed.text
    return [row["number"] for row in listed.json()["items"]]


async def delete(api: Api, who, ticket: dict):
    seen = (await api.show(who, ticket))["version"]
    headers = {"If-Match": f'"{seen}"'}
    return await api(who, "DELETE", f"/api/tickets/{ticket['id']}", headers=headers)


async def test_a_snoozed_ticket_comes_back_when_its_time_has_come(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}/snooze"
    until = (START + timedelta(hours=1)).isoformat()
    done = await api(staff.agent, "POST", path, json={"until": until})
    assert (done.status_code, done.json()["status"]) == (200, "new")
    assert await numbers(api, staff.agent, "?snoozed=true") == [ticket["number"]]
    assert await numbers(api, staff.agent, "?snoozed=false") == []
    assert not await app.wake_tickets()
    clock.advance(seconds=3600)
    assert await app.wake_tickets()
    assert not await app.wake_tickets()
    assert (await api.show(staff.agent, ticket))["snoozed_until"] is None


async def test_a_bad_snooze_is_refused(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}/snooze"
    past = await api(staff.agent, "POST", path, json={"until": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json()["code"]) == (422, "snooze_invalid")
    naive = await api(staff.agent, "POST", path, json={"until": "2030-01-01T00:00:00"})
    assert (naive.status_code, naive.json()["code"]) == (422, "invalid")
    assert (await api(staff.agent, "POST", path, json={})).status_code == 422
    ended = await api(staff.agent, "POST", path, json={"until": None})
    assert (ended.status_code, ended.json()["version"]) == (200, 1)


async def test_the_assignee_or_a_manager_deletes_and_only_a_manager_restores(
    api: Api, staff: Staff
):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    assert (await delete(api, staff.agent, ticket)).status_code == 403
    await api.change(staff.agent, ticket, assignee=str(staff.agent.id))
    assert (await api(staff.agent, "DELETE", path)).status_code == 428
    stale = await api(staff.agent, "DELETE", path, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["changed"]) == (412, ["assigned", "status_changed"])
    assert (await delete(api, SHOP, ticket)).status_code == 403
    gone = await delete(api, staff.agent, ticket)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await api(staff.agent, "GET", path)).status_code == 404
    assert await numbers(api, staff.agent, "?deleted=true") == []
    assert await numbers(api, staff.manager) == []
    assert await numbers(api, staff.manager, "?deleted=true") == [ticket["number"]]
    assert (await api(staff.agent, "POST", f"{path}/restore")).status_code == 403
    note = await api(staff.manager, "POST", f"{path}/comments", json={"body_text": "x"})
    assert (note.status_code, note.json()["code"]) == (409, "ticket_deleted")
    back = await api(staff.manager, "POST", f"{path}/restore")
    assert (back.status_code, back.json()["status"]) == (200, "open")
    again = await api(staff.manager, "POST", f"{path}/restore")
    assert (again.status_code, again.json()["code"]) == (409, "not_removed")
    assert (await api(staff.agent, "GET", path)).status_code == 200


async def test_deleting_within_the_undo_window_takes_the_reply_back(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    ticket = await api.open(SHOP)
    await api.reply(staff.agent, ticket)
    assert (await delete(api, staff.agent, ticket)).status_code == 204
    clock.advance(seconds=11)
    assert not await app.release_replies()


async def test_spam_leaves_the_list_until_it_is_asked_for(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    done = await api.change(staff.agent, ticket, status="spam")
    assert (done.status_code, done.json()["status"]) == (200, "spam")
    assert await numbers(api, staff.agent) == []
    assert await numbers(api, staff.agent, "?status=spam") == [ticket["number"]]
    assert await numbers(api, staff.agent, "?status=new") == []
    refused = await api.reply(staff.agent, ticket)
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_is_spam")
    back = await api.change(staff.agent, ticket, status="open")
    assert back.json()["status"] == "open"


async def test_a_shared_ticket_is_worked_by_whom_it_is_shared_with(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    path = f"/api/tickets/{ticket['id']}"
    assert (await api(staff.lender, "GET", path)).status_code == 404
    await api.change(staff.agent, ticket, shared_with=[str(staff.lender.id)])
    assert (await api.show(staff.lender, ticket))["shared_with"] == [str(staff.lender.id)]
    assert await numbers(api, staff.lender) == [ticket["number"]]
    assert (await api.change(staff.lender, ticket, priority="high")).status_code == 200
    await api.change(staff.agent, ticket, shared_with=[])
    assert (await api(staff.lender, "GET", path)).status_code == 404
    credit = await api.open(SHOP, team_id=str(CREDIT.id))
    refused = await api.change(staff.lender, credit, shared_with=[str(staff.agent.id)])
    assert (refused.status_code, refused.json()["code"]) == (422, "cannot_share")


async def test_watching_lists_but_gives_no_access(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    await api.change(staff.agent, ticket, watchers=[str(staff.agent.id), str(staff.lender.id)])
    assert await numbers(api, staff.agent, "?watched=true") == [ticket["number"]]
    assert await numbers(api, staff.other, "?watched=true") == []
    assert await numbers(api, staff.lender, "?watched=true") == []
    unknown = await api.change(staff.agent, ticket, watchers=[ticket["id"]])
    assert (unknown.status_code, unknown.json()["code"]) == (404, "person_not_found")


async def test_a_solved_ticket_is_closed_after_two_weeks_of_silence(
    api: Api, staff: Staff, app: TicketingApp, clock: FixedClock
):
    silent, spoken = await api.open(SHOP), await api.open(SHOP)
    for ticket in (silent, spoken):
        await api.change(staff.agent, ticket, assignee=str(staff.agent.id), status="solved")
    clock.advance(seconds=13 * 86400)
    await api(staff.agent, "POST", f"/api/tickets/{spoken['id']}/reopen")
    assert not await app.close_silent()
    clock.advance(seconds=86400)
    assert await app.close_silent()
    assert not await app.close_silent()
    assert (await api.show(staff.agent, silent))["status"] == "closed"
    assert (await api.show(staff.agent, spoken))["status"] == "open"
    told = await api(staff.agent, "GET", f"/api/tickets/{silent['id']}/history")
    assert told.json()["items"][-1]["actor"] == "system:ticketing.silence"

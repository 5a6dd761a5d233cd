"""Merging over HTTP, and the laws of it once more on real stores."""

import asyncio
from uuid import UUID

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.application.families import stored, survivor_of
from ticketing.application.settle_reply import ACTOR, SettleReply
from ticketing.application.tickets import STREAM
from ticketing.domain.receiving import Incoming, receive
from ticketing.domain.replies import Undelivered
from ticketing.testing import CREDIT, Api, Staff, body, caller_of, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def merge(api: Api, who, loser: dict, survivor: dict):
    path = f"/api/tickets/{loser['id']}/merge"
    return await api(who, "POST", path, json={"into": survivor["id"]})


async def unmerge(api: Api, who, loser: dict, **body):
    return await api(who, "POST", f"/api/tickets/{loser['id']}/unmerge", json=body)


async def pair(api: Api, **over) -> tuple[dict, dict]:
    one = await api.open(SHOP, requester={"name": "Ann", "email": "ann@customer.test"}, **over)
    return one, await api.open(SHOP, requester={"name": "Bob", "email": "bob@customer.test"})


async def arrives(database: Database, clock: FixedClock, ticket: dict, **mail) -> str:
    """A mail for this ticket, as mail in would place it."""
    clock.advance(seconds=1)
    message = Incoming(new_id(), body("More"), **mail)
    async with database.work(caller_of(ACTOR).origin) as work:
        target = await survivor_of(work, await stored(work, UUID(ticket["id"])))
        events = receive(target, message, clock.now())
        work.append(STREAM, target.id, target.version, events)
    return str(message.message_id)


async def texts(api: Api, who, ticket: dict) -> list[str]:
    return [m["id"] for m in (await api.show(who, ticket))["messages"]]


async def test_a_merged_tickets_messages_and_files_are_the_survivors_and_come_back(
    api: Api, staff: Staff, database: Database, clock: FixedClock
):
    loser, survivor = await pair(api)
    file = (await api.upload(staff.agent, loser)).json()["id"]
    own = {t["id"]: await texts(api, staff.agent, t) for t in (loser, survivor)}
    done = await merge(api, staff.manager, loser, survivor)
    assert (done.status_code, done.json()["id"]) == (200, survivor["id"])
    shown = await api.show(staff.agent, survivor)
    assert {m["id"] for m in shown["messages"]} == {*own[loser["id"]], *own[survivor["id"]]}
    assert [f["id"] for f in shown["attachments"]] == [file]
    assert shown["absorbed"] == [loser["id"]]
    merged = await api.show(staff.agent, loser)
    assert (merged["status"], merged["merged_into"]) == ("merged", survivor["id"])
    listed = (await api(staff.agent, "GET", "/api/tickets")).json()["items"]
    assert [row["id"] for row in listed] == [survivor["id"]]

    anns = await arrives(database, clock, loser, sender_email="ANN@customer.test")
    bobs = await arrives(database, clock, survivor, sender_email="bob@customer.test")
    to_ann = await arrives(
        database, clock, survivor, sender_email="x@else.test", answers=UUID(anns)
    )
    answer = await api.reply(staff.agent, survivor, last_seen=to_ann)
    assert answer.status_code == 202
    assert await texts(api, staff.agent, survivor) != own[survivor["id"]]
    back = await unmerge(api, staff.manager, loser, reason="two people")
    assert (back.status_code, back.json()["status"]) == (200, "new")
    reply = answer.json()["message_id"]
    assert await texts(api, staff.agent, loser) == [*own[loser["id"]], anns, to_ann, reply]
    assert await texts(api, staff.agent, survivor) == [*own[survivor["id"]], bobs]
    assert (await api.show(staff.agent, survivor))["attachments"] == []
    kept = await api(staff.agent, "GET", f"/api/tickets/{loser['id']}/replies/{reply}")
    assert kept.json()["state"] == "queued"


async def test_of_two_crossing_merges_exactly_one_wins(api: Api, staff: Staff):
    for _ in range(5):
        one, other = await pair(api)
        answers = await asyncio.gather(
            merge(api, staff.manager, one, other), merge(api, staff.admin, other, one)
        )
        assert sorted(a.status_code for a in answers) == [200, 409]
        refused = next(a for a in answers if a.status_code == 409)
        assert refused.json()["code"] == "ticket_merged"


async def test_many_parallel_merges_have_one_effect(api: Api, staff: Staff, database: Database):
    loser, survivor = await pair(api)
    answers = await asyncio.gather(*(merge(api, staff.manager, loser, survivor) for _ in range(20)))
    assert {a.status_code for a in answers} <= {200, 409}
    async with database.reading() as work:
        facts = await work.load(UUID(survivor["id"]))
    assert [f.event.TYPE.split(".")[2] for f in facts].count("absorbed") == 1


async def test_only_managers_merge_and_what_may_not_be_merged_says_why(api: Api, staff: Staff):
    loser, survivor = await pair(api)
    assert (await merge(api, staff.agent, loser, survivor)).status_code == 403
    assert (await merge(api, staff.manager, loser, {"id": str(new_id())})).status_code == 404
    assert (await merge(api, staff.manager, loser, {"id": "no"})).status_code == 404
    itself = await merge(api, staff.manager, loser, loser)
    assert (itself.status_code, itself.json()["field"]) == (422, "into")
    early = await unmerge(api, staff.manager, loser)
    assert (early.status_code, early.json()["code"]) == (409, "not_merged")
    await merge(api, staff.manager, loser, survivor)
    for refused in (
        await api.change(staff.agent, loser, status="open"),
        await api.reply(staff.agent, loser),
        await api.upload(staff.agent, loser),
        await merge(api, staff.manager, survivor, loser),
    ):
        assert (refused.status_code, refused.json()["code"]) == (409, "ticket_merged")
        assert refused.json()["into"] == survivor["id"]


async def test_a_preview_says_what_moves_and_does_nothing(api: Api, staff: Staff):
    loser, survivor = await pair(api, team_id=str(CREDIT.id))
    await api.change(staff.agent, survivor, assignee=str(staff.agent.id))
    path = f"/api/tickets/{loser['id']}/merge/preview"
    answer = await api(staff.manager, "POST", path, json={"into": str(survivor["number"])})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["messages"], told["restricts"], told["unassigns"]) == (1, True, True)
    assert told["team_id"] == str(CREDIT.id)
    assert (await api.show(staff.manager, loser))["status"] == "new"


async def test_a_merge_across_a_restricted_border_leaves_the_survivor_restricted(
    api: Api, staff: Staff
):
    loser, survivor = await pair(api, team_id=str(CREDIT.id))
    await api.change(staff.agent, survivor, assignee=str(staff.agent.id))
    assert (await merge(api, staff.manager, loser, survivor)).status_code == 200
    path = f"/api/tickets/{survivor['id']}"
    assert (await api(staff.agent, "GET", path)).status_code == 404
    assert (await api.show(staff.lender, survivor))["assignee_id"] is None
    await unmerge(api, staff.manager, loser)
    shown = await api.show(staff.agent, survivor)
    assert (shown["team_id"], shown["assignee_id"]) == (
        str((await api.show(staff.manager, survivor))["team_id"]),
        str(staff.agent.id),
    )


async def test_a_file_is_read_by_who_sees_the_survivor_only(api: Api, staff: Staff):
    other_team = {"team_id": str(CREDIT.id)}
    loser, survivor = await pair(api)
    restricted = await api.open(SHOP, **other_team)
    file = (await api.upload(staff.agent, loser)).json()["id"]
    path = f"/api/attachments/{file}/download"
    assert (await api(staff.lender, "GET", path)).status_code == 404
    await merge(api, staff.manager, loser, restricted)
    assert (await api(staff.lender, "GET", path)).status_code == 200
    assert (await api(staff.agent, "GET", path)).status_code == 200
    assert survivor


async def test_an_admins_reopening_of_a_merged_ticket_is_an_unmerge_with_a_reason(
    api: Api, staff: Staff
):
    loser, survivor = await pair(api)
    await api.change(staff.agent, loser, assignee=str(staff.agent.id), status="solved")
    await merge(api, staff.manager, loser, survivor)
    path = f"/api/admin/tickets/{loser['id']}/reopen"
    without = await api(staff.admin, "POST", path, json={"reason": " "})
    assert (without.status_code, without.json()["code"]) == (422, "reason_missing")
    done = await api(staff.admin, "POST", path, json={"reason": "wrong one"})
    assert (done.status_code, done.json()["status"]) == (200, "open")
    assert (await api.show(staff.agent, survivor))["absorbed"] == []


async def test_a_reply_of_a_merged_ticket_that_fails_reopens_the_survivor(
    api: Api, staff: Staff, app: TicketingApp, database: Database, clock: FixedClock
):
    loser, survivor = await pair(api)
    reply = (await api.reply(staff.agent, loser)).json()["reply_id"]
    await api.change(staff.agent, survivor, assignee=str(staff.agent.id), status="on_hold")
    await merge(api, staff.manager, loser, survivor)
    clock.advance(seconds=11)
    assert await app.release_replies()
    failed = SettleReply(UUID(loser["id"]), UUID(reply), Undelivered("smtp_550", 1), clock.now())
    async with database.work() as work:
        await app.settle_reply(work, failed, caller_of(ACTOR).origin)
    shown = await api.show(staff.agent, survivor)
    assert shown["status"] == "open"
    assert [m["reply"]["state"] for m in shown["messages"] if m["reply"]] == ["failed"]


async def test_a_reply_of_a_merged_ticket_is_taken_back_through_the_survivor(
    api: Api, staff: Staff
):
    loser, survivor = await pair(api)
    reply = (await api.reply(staff.agent, loser)).json()["reply_id"]
    await merge(api, staff.manager, loser, survivor)
    path = f"/api/tickets/{survivor['id']}/replies/{reply}/cancel"
    done = await api(staff.agent, "POST", path)
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")


async def test_a_split_makes_a_ticket_of_some_messages_and_a_merge_undoes_it(
    api: Api, staff: Staff, database: Database, clock: FixedClock
):
    ticket, _ = await pair(api)
    first = (await texts(api, staff.agent, ticket))[0]
    other = await arrives(database, clock, ticket, sender_email="ann@customer.test")
    path = f"/api/tickets/{ticket['id']}/split"
    for wrong in ([], [str(new_id())], [first, other]):
        refused = await api(staff.agent, "POST", path, json={"message_ids": wrong})
        assert refused.status_code == 422
    headers = {"Idempotency-Key": "split-1"}
    wanted = {"message_ids": [other], "subject": "Another drum"}
    made = await api(staff.agent, "POST", path, json=wanted, headers=headers)
    again = await api(staff.agent, "POST", path, json=wanted, headers=headers)
    assert made.status_code == 201
    assert made.json() == again.json()
    new = await api.show(staff.agent, made.json())
    assert (new["subject"], [m["id"] for m in new["messages"]]) == ("Another drum", [other])
    assert [(x["kind"], x["other_id"]) for x in new["links"]] == [("split_from", ticket["id"])]
    assert await texts(api, staff.agent, ticket) == [first]
    await merge(api, staff.manager, new, ticket)
    assert await texts(api, staff.agent, ticket) == [first, other]


@pytest.mark.parametrize("body", [{}, {"into": ""}, {"into": "x" * 41}, {"into": 7}])
async def test_a_bad_merge_is_422(api: Api, staff: Staff, body):
    ticket = await api.open(SHOP)
    answer = await api(staff.manager, "POST", f"/api/tickets/{ticket['id']}/merge", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")

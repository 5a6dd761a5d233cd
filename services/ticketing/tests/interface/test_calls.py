"""Calls: reported once, seen by whom they concern, written on, linked."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.access import system
from deskstream_eventstore import Database
from ticketing.testing import CREDIT, Api, Staff, key_actor

PBX = system("webhook:3cx")
SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


def told(**over: Any) -> dict[str, Any]:
    return {
        "Number": "(202) 555-0143",
        "Name": "Cora Customer",
        "CallType": "Inbound",
        "Agent": "101",
        "AgentEmail": "agent-1@desk.test",
        "CallStartTimeUTC": "2026-03-02T08:58:00",
        "Duration": "00:01:30",
        **over,
    }


async def report(api: Api, **over: Any) -> str:
    answer = await api(PBX, "POST", "/api/telephony/3cx", json=told(**over))
    assert answer.status_code == 200, answer.text
    call: str = answer.json()["id"]
    return call


async def listed(api: Api, who: Any, query: str = "") -> list[str]:
    answer = await api(who, "GET", f"/api/calls{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def change(api: Api, who: Any, call: str, **what: Any) -> Any:
    return await api(who, "PATCH", f"/api/calls/{call}", json=what)


async def show(api: Api, who: Any, call: str) -> dict[str, Any]:
    answer = await api(who, "GET", f"/api/calls/{call}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def facts(database: Database) -> int:
    async with database.reading() as work:
        found = await work.connection.fetchval("select count(*) from events")
    return int(found)


async def test_a_call_is_shown_as_it_was_reported(api: Api, staff: Staff):
    call = await report(api, Unheard="x")
    shown = await show(api, staff.agent, call)
    assert shown == {
        "id": call,
        "direction": "inbound",
        "outcome": "answered",
        "phone": "+12025550143",
        "caller_name": "Cora Customer",
        "agent_id": str(staff.agent.id),
        "agent_name": "Agent 1",
        "extension": "101",
        "started_at": "2026-03-02T08:58:00Z",
        "seconds": 90,
        "ticket_id": None,
        "notes": [],
    }


async def test_what_the_telephone_system_left_open_is_empty(api: Api, staff: Staff):
    blank = {"Name": "[Name]", "AgentEmail": "[AgentEmail]", "Agent": " ", "Duration": "[Duration]"}
    shown = await show(api, staff.agent, await report(api, Number="anonymous", **blank))
    names = ("phone", "caller_name", "agent_id", "extension", "seconds")
    assert [shown[name] for name in names] == [None, None, None, None, 0]


@pytest.mark.parametrize("kind", ["Inbound", "Missed"])
async def test_the_same_call_reported_again_is_one(
    api: Api, staff: Staff, database: Database, kind: str
):
    first = await report(api, CallType=kind)
    before = await facts(database)
    again = [
        await report(api, CallType=kind),
        await report(api, CallType=kind.upper(), Duration="91", Number="+1 202 555 0143"),
        await report(api, CallType=kind, CallStartTimeUTC="2026-03-02T09:58:00+01:00"),
    ]
    assert again == [first] * 3
    assert await facts(database) == before
    assert await listed(api, staff.agent) == [first]


async def test_one_call_reported_by_many_at_once_is_one(api: Api, staff: Staff):
    calls = await asyncio.gather(*(report(api, CallType="Missed") for _ in range(5)))
    assert len(set(calls)) == 1 == len(await listed(api, staff.agent))
    page = await api(staff.agent, "GET", "/api/tickets")
    assert len(page.json()["items"]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("CallType", "Conference"),
        ("CallStartTimeUTC", "yesterday"),
        ("CallStartTimeUTC", "9999-12-31T23:59:59-12:00"),
        ("CallStartTimeUTC", "0001-01-01T00:00:00+12:00"),
        ("Duration", "-3"),
        ("Duration", "00:99:00"),
        ("Name", "x" * 201),
    ],
)
async def test_a_report_that_makes_no_sense_is_refused_by_field(
    api: Api, database: Database, field: str, value: str
):
    answer = await api(PBX, "POST", "/api/telephony/3cx", json=told(**{field: value}))
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert await facts(database) == 0


async def test_only_the_telephone_system_reports(api: Api, staff: Staff):
    for who in (staff.admin, SHOP, system("webhook:shopify")):
        answer = await api(who, "POST", "/api/telephony/3cx", json=told())
        assert answer.status_code == 403
    assert (await api(SHOP, "GET", "/api/calls")).status_code == 403


async def test_a_missed_call_opens_a_ticket_and_the_next_one_is_a_note_on_it(
    api: Api, staff: Staff
):
    first = await report(api, CallType="Missed")
    ticket = (await show(api, staff.agent, first))["ticket_id"]
    opened = await api.show(staff.agent, {"id": ticket})
    assert (opened["channel"], opened["status"]) == ("phone", "new")
    assert opened["subject"] == "Missed call from Cora Customer, +12025550143"
    second = await report(api, CallType="Missed", CallStartTimeUTC="2026-03-02T09:05:00Z")
    assert (await show(api, staff.agent, second))["ticket_id"] == ticket
    kinds = [m["kind"] for m in (await api.show(staff.agent, {"id": ticket}))["messages"]]
    assert kinds == ["customer", "note"]
    assert await listed(api, staff.agent, f"?ticket={ticket}") == [second, first]


async def test_a_missed_call_after_its_ticket_was_solved_opens_another(api: Api, staff: Staff):
    first = await report(api, CallType="Missed")
    ticket = {"id": (await show(api, staff.agent, first))["ticket_id"]}
    solved = await api.change(staff.agent, ticket, assignee=str(staff.agent.id), status="solved")
    assert solved.status_code == 200
    second = await report(api, CallType="Missed", CallStartTimeUTC="2026-03-02T09:05:00Z")
    assert (await show(api, staff.agent, second))["ticket_id"] not in (None, ticket["id"])


async def test_calls_from_withheld_numbers_are_different_people(api: Api, staff: Staff):
    for minute in ("01", "02"):
        start = f"2026-03-02T09:{minute}:00Z"
        await report(api, CallType="Missed", Number="", Name="", CallStartTimeUTC=start)
    page = await api(staff.agent, "GET", "/api/tickets?channel=phone")
    assert {t["subject"] for t in page.json()["items"]} == {"Missed call from a withheld number"}
    assert len(page.json()["items"]) == 2


async def test_nobody_answering_our_call_opens_nothing(api: Api, staff: Staff):
    call = await show(api, staff.agent, await report(api, CallType="Notanswered"))
    assert (call["direction"], call["outcome"], call["ticket_id"]) == ("outbound", "missed", None)


async def test_a_call_is_listed_for_whom_it_concerns(api: Api, staff: Staff):
    free = await report(api)
    bound = await report(api, CallStartTimeUTC="2026-03-02T09:05:00Z")
    secret = await api.open(staff.manager, team_id=str(CREDIT.id))
    assert (await change(api, staff.manager, bound, ticket=secret["id"])).status_code == 200
    for who in (staff.agent, staff.other, staff.viewer):
        assert await listed(api, who) == [free]
        assert (await api(who, "GET", f"/api/calls/{bound}")).status_code == 404
    assert await listed(api, staff.lender) == [bound]
    assert (await api(staff.lender, "GET", f"/api/calls/{free}")).status_code == 404
    assert await listed(api, staff.manager) == [bound, free]


async def test_an_agent_outside_the_team_sees_the_call_that_he_took(api: Api, staff: Staff):
    own = await report(api, AgentEmail=staff.lender.email)
    assert await listed(api, staff.lender) == [own]
    assert (await show(api, staff.lender, own))["agent_name"] == staff.lender.name


async def test_lists_are_filtered_and_paged(api: Api, staff: Staff):
    calls = [
        await report(api, CallStartTimeUTC=f"2026-03-02T09:0{n}:00Z", CallType=kind)
        for n, kind in enumerate(("Inbound", "Outbound", "Missed", "Notanswered"))
    ]
    asked = {
        "?direction=outbound": [3, 1],
        "?outcome=missed": [3, 2],
        "?linked=true": [2],
        "?linked=false&outcome=answered": [1, 0],
        "?agent=me&since=2026-03-02T09:02:00Z": [3, 2],
        "?before=2026-03-02T09:01:00Z": [0],
        "?phone=202-555-0143&direction=inbound": [2, 0],
        f"?agent={staff.other.id}": [],
    }
    for query, found in asked.items():
        assert await listed(api, staff.agent, query) == [calls[n] for n in found], query
    seen, cursor = [], ""
    while cursor is not None:
        answer = (await api(staff.agent, "GET", f"/api/calls?limit=3{cursor}")).json()
        seen += [row["id"] for row in answer["items"]]
        cursor = f"&cursor={answer['next']}" if answer["next"] else None
    assert seen == calls[::-1]
    assert (await api(staff.agent, "GET", "/api/calls?caller=x")).status_code == 422


async def test_notes_of_two_people_both_stay_and_viewers_see_none(api: Api, staff: Staff):
    call = await report(api)
    await change(api, staff.agent, call, note="wants a drum")
    changed = await change(api, staff.other, call, note="called back\nsolved\x00")
    notes = changed.json()["notes"]
    assert [(n["author_name"], n["text"]) for n in notes] == [
        ("Agent 1", "wants a drum"),
        ("Agent 2", "called back\nsolved"),
    ]
    assert (await show(api, staff.viewer, call))["notes"] == []
    assert (await change(api, staff.viewer, call, note="x")).status_code == 403


@pytest.mark.parametrize("what", [{}, {"note": " \x01 "}, {"note": "x" * 10_001}, {"phone": "1"}])
async def test_a_change_that_says_nothing_is_refused(api: Api, staff: Staff, what: Any):
    call = await report(api)
    assert (await change(api, staff.agent, call, **what)).status_code == 422


async def test_a_call_is_linked_by_id_or_number_and_once(
    api: Api, staff: Staff, database: Database
):
    call, ticket = await report(api), await api.open(SHOP)
    linked = await change(api, staff.agent, call, ticket=str(ticket["number"]))
    assert linked.json()["ticket_id"] == ticket["id"]
    before = await facts(database)
    await change(api, staff.agent, call, ticket=ticket["id"])
    assert await facts(database) == before


async def test_a_link_needs_both_ends_and_a_refusal_changes_nothing(
    api: Api, staff: Staff, database: Database
):
    call = await report(api)
    foreign = await api.open(staff.manager, team_id=str(CREDIT.id))
    own = await api.open(SHOP)
    before = await facts(database)
    for ticket in (foreign["id"], str(foreign["number"]), str(uuid4()), "no such thing"):
        refused = await change(api, staff.agent, call, ticket=ticket, note="peek")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), ticket
    for call_id in (call, str(uuid4()), str(UUID(int=0)), own["id"]):
        refused = await change(api, staff.lender, call_id, ticket=foreign["id"])
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert await facts(database) == before
    assert (await show(api, staff.agent, call))["ticket_id"] is None


async def test_a_call_is_not_linked_to_a_deleted_ticket(api: Api, staff: Staff):
    call, ticket = await report(api), await api.open(SHOP)
    seen = {"If-Match": f'"{(await api.show(staff.manager, ticket))["version"]}"'}
    await api(staff.manager, "DELETE", f"/api/tickets/{ticket['id']}", headers=seen)
    refused = await change(api, staff.manager, call, ticket=ticket["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_deleted")

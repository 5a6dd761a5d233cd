"""Replies over HTTP, from queued to what became of them."""

import asyncio
from uuid import UUID, uuid4

from deskstream_chassis.clock import FixedClock
from deskstream_events import topics
from deskstream_events.notifier import message
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.bootstrap import consumers_of
from ticketing.interface.timers import DueTimer
from ticketing.testing import CREDIT, Api, Staff, fact_of, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def release_all(app: TicketingApp) -> int:
    """What the timer does, until nothing is due."""
    count = 0
    while await app.release_replies():
        count += 1
    return count


async def tell(app: TicketingApp, database: Database, event: message.MessageEvent) -> None:
    """The notifier's fact, as the consumer's runtime hands it over."""
    consumer = next(c for c in consumers_of(app) if c.name == "ticketing.delivery")
    async with database.work() as work:
        await consumer.handlers[event.TYPE](work, fact_of(event, topics.MESSAGES))


def sent(ticket, reply, clock, **over) -> message.MessageSentV1:
    values = {
        "message_id": uuid4(),
        "at": clock.now(),
        "kind": "reply",
        "ticket_id": ticket["id"],
        "reply_id": reply["reply_id"],
        "mail_id": "m1@desk.test",
        "attempts": 2,
    }
    return message.MessageSentV1(**(values | over))


def failed(ticket, reply, clock) -> message.MessageFailedV1:
    return message.MessageFailedV1(
        message_id=uuid4(),
        at=clock.now(),
        kind="reply",
        ticket_id=ticket["id"],
        reply_id=reply["reply_id"],
        code="smtp_550",
        attempts=1,
    )


async def queued(api: Api, who, ticket, **over) -> dict:
    answer = await api.reply(who, ticket, **over)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def state(api: Api, who, ticket, reply) -> dict:
    path = f"/api/tickets/{ticket['id']}/replies/{reply['reply_id']}"
    answer = await api(who, "GET", path)
    assert answer.status_code == 200
    return answer.json()


async def test_a_reply_is_queued_and_takes_the_ticket(api: Api, staff: Staff):
    ticket = await api.open(SHOP)
    shown = await api.show(staff.agent, ticket)
    reply = await queued(
        api, staff.agent, ticket, last_seen=shown["messages"][0]["id"], then="wait"
    )
    assert (reply["state"], reply["undo_until"]) == ("queued", "2026-03-02T09:00:10Z")
    assert reply["message_id"] == reply["reply_id"]
    after = await api.show(staff.agent, ticket)
    assert (after["status"], after["assignee_id"]) == ("waiting_customer", str(staff.agent.id))
    assert after["messages"][1]["reply"]["state"] == "queued"
    assert after["messages"][1]["author"]["name"] == "Agent 1"


async def test_within_the_window_it_is_taken_back_and_never_released(
    api: Api, app: TicketingApp, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket, then="solve")
    path = f"/api/tickets/{ticket['id']}/replies/{reply['reply_id']}/cancel"
    for _ in range(2):
        answer = await api(staff.other, "POST", path)
        assert answer.status_code == 200
        assert answer.json()["state"] == "cancelled"
        assert answer.json()["ticket_status"] == "new"
    clock.advance(seconds=60)
    assert await release_all(app) == 0
    assert (await state(api, staff.agent, ticket, reply))["state"] == "cancelled"


async def test_after_the_window_the_timer_releases_it_and_cancelling_is_too_late(
    api: Api, app: TicketingApp, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket)
    clock.advance(seconds=9)
    assert await release_all(app) == 0
    clock.advance(seconds=1)
    assert await release_all(app) == 1
    path = f"/api/tickets/{ticket['id']}/replies/{reply['reply_id']}/cancel"
    answer = await api(staff.agent, "POST", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_late")
    assert answer.json()["state"] == "released"


async def test_the_release_goes_on_in_the_trace_of_the_request(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await api(
        staff.agent,
        "POST",
        f"/api/tickets/{ticket['id']}/reply",
        json={"body_text": "Yes"},
        headers={"traceparent": trace, "Deskstream-Correlation": "click-0001"},
    )
    assert answer.headers["deskstream-correlation"] == "click-0001"
    clock.advance(seconds=10)
    assert await release_all(app) == 1
    async with database.reading() as work:
        facts = await work.load(UUID(ticket["id"]))
    released = facts[-1]
    queued = next(f for f in facts if f.event.TYPE.endswith("reply_queued.v1"))
    assert released.event.TYPE == "ticketing.ticket.reply_released.v1"
    assert released.meta.actor == "system:ticketing.undo"
    assert released.meta.correlation_id == "click-0001"
    assert released.meta.causation_id == str(queued.event_id)
    assert released.meta.traceparent is not None
    assert released.meta.traceparent.split("-")[1] == trace.split("-")[1]


async def test_of_cancelling_and_releasing_at_once_exactly_one_wins(
    api: Api, app: TicketingApp, staff: Staff, clock: FixedClock
):
    for _ in range(5):
        ticket = await api.open(SHOP)
        reply = await queued(api, staff.agent, ticket)
        clock.advance(seconds=10)
        path = f"/api/tickets/{ticket['id']}/replies/{reply['reply_id']}/cancel"
        answer, _, _ = await asyncio.gather(
            api(staff.agent, "POST", path), app.release_replies(), app.release_replies()
        )
        await release_all(app)
        seen = (await state(api, staff.agent, ticket, reply))["state"]
        assert (answer.status_code, seen) in ((200, "cancelled"), (409, "released"))


async def test_the_timer_releases_what_is_due_and_stops_when_told(
    api: Api, app: TicketingApp, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket)
    clock.advance(seconds=11)
    stopping = asyncio.Event()
    running = asyncio.create_task(DueTimer("release replies", app.release_replies).run(stopping))
    while (await state(api, staff.agent, ticket, reply))["state"] == "queued":
        pass
    stopping.set()
    await running


async def test_sent_is_shown_once_the_mail_server_took_it(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket)
    clock.advance(seconds=10)
    await release_all(app)
    before = await api.show(staff.agent, ticket)
    for _ in range(2):
        await tell(app, database, sent(ticket, reply, clock, refused=("boss@customer.test",)))
    seen = await state(api, staff.agent, ticket, reply)
    assert (seen["state"], seen["mail_id"], seen["tries"]) == ("sent", "m1@desk.test", 2)
    assert seen["refused"] == ["boss@customer.test"]
    changed = await api(
        staff.agent,
        "PUT",
        f"/api/tickets/{ticket['id']}",
        json={"priority": "high"},
        headers={"If-Match": f'"{before["version"]}"'},
    )
    assert changed.status_code == 200, "what the system appended does not conflict"


async def test_a_failed_reply_reopens_the_ticket_and_stands_in_the_list(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    hidden = await api.open(SHOP, team_id=str(CREDIT.id))
    for author, one in ((staff.agent, ticket), (staff.lender, hidden)):
        reply = await queued(api, author, one, then="solve")
        clock.advance(seconds=10)
        await release_all(app)
        await tell(app, database, failed(one, reply, clock))
    shown = await api.show(staff.agent, ticket)
    assert shown["status"] == "open"
    assert shown["messages"][-1]["reply"]["code"] == "smtp_550"
    listed = await api(staff.agent, "GET", "/api/tickets/failed-replies")
    assert [i["ticket_number"] for i in listed.json()["items"]] == [ticket["number"]]
    page = (await api(staff.manager, "GET", "/api/tickets/failed-replies?limit=1")).json()
    rest = await api(
        staff.manager, "GET", f"/api/tickets/failed-replies?limit=1&cursor={page['next']}"
    )
    numbers = [i["ticket_number"] for i in (*page["items"], *rest.json()["items"])]
    assert numbers == [hidden["number"], ticket["number"]]
    assert rest.json()["next"] is None


async def test_a_held_reply_is_listed_until_it_is_known(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket)
    clock.advance(seconds=10)
    await release_all(app)
    held = message.MessageHeldV1(
        message_id=uuid4(),
        at=clock.now(),
        kind="reply",
        ticket_id=ticket["id"],
        reply_id=reply["reply_id"],
        code="unknown_outcome",
        attempts=1,
    )
    await tell(app, database, held)
    listed = await api(staff.agent, "GET", "/api/tickets/failed-replies")
    assert [i["state"] for i in listed.json()["items"]] == ["held"]
    await tell(app, database, sent(ticket, reply, clock, confirmed_by_staff=True))
    listed = await api(staff.agent, "GET", "/api/tickets/failed-replies")
    assert listed.json()["items"] == []
    assert (await state(api, staff.agent, ticket, reply))["state"] == "sent"


async def test_a_bounced_reply_reopens_the_ticket_unless_only_a_copy_bounced(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket, then="solve")
    clock.advance(seconds=10)
    await release_all(app)
    await tell(app, database, sent(ticket, reply, clock))
    for main, status, state_now in ((False, "solved", "sent"), (True, "open", "bounced")):
        bounced = message.MessageBouncedV1(
            message_id=uuid4(),
            at=clock.now(),
            kind="reply",
            ticket_id=ticket["id"],
            reply_id=reply["reply_id"],
            mail_id="m1@desk.test",
            recipients=("cora@customer.test",),
            code="5.1.1",
            main_recipient=main,
        )
        await tell(app, database, bounced)
        assert (await api.show(staff.agent, ticket))["status"] == status
        assert (await state(api, staff.agent, ticket, reply))["state"] == state_now
    listed = (await api(staff.agent, "GET", "/api/tickets/failed-replies")).json()
    assert [(i["state"], i["code"]) for i in listed["items"]] == [("bounced", "5.1.1")]


async def test_a_suppressed_reply_counts_as_failed(
    api: Api, app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    ticket = await api.open(SHOP)
    reply = await queued(api, staff.agent, ticket)
    clock.advance(seconds=10)
    await release_all(app)
    suppressed = message.MessageSuppressedV1(
        message_id=uuid4(),
        at=clock.now(),
        kind="reply",
        ticket_id=ticket["id"],
        reply_id=reply["reply_id"],
        source="suppression",
    )
    await tell(app, database, suppressed)
    seen = await state(api, staff.agent, ticket, reply)
    assert (seen["state"], seen["code"]) == ("failed", "suppressed")

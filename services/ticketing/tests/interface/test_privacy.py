"""Nothing about a person leaves by logs, metrics or refusals; a dead store is told as such."""

import io
import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog
from prometheus_client import REGISTRY, generate_latest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.logs import configure_logs
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.testing import Api, Staff, key_actor

MARK = "zebra7391"
SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Every line that the process logs, at the most talkative level."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logs("ticketing", "0", "debug", stream=written)
    root.setLevel(logging.DEBUG)
    yield written
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def test_no_words_of_people_in_logs_metrics_and_refusals(
    api: Api, app: TicketingApp, staff: Staff, clock: FixedClock, lines: io.StringIO
):
    person = {"name": f"{MARK} Name", "email": f"{MARK}@customer.test"}
    text = {"body_html": f"<p>{MARK}</p>"}
    ticket = await api.open(
        SHOP, subject=MARK, requester=person, cc=[f"cc-{MARK}@customer.test"], body_text=MARK
    )
    path = f"/api/tickets/{ticket['id']}"
    file = (await api.upload(staff.agent, ticket, MARK.encode(), f"{MARK}.txt")).json()
    await api(staff.agent, "POST", f"{path}/comments", json=text)
    reply = await api.reply(staff.agent, ticket, **text, attachments=[file["id"]])
    assert reply.status_code == 202
    clock.advance(seconds=10)
    assert await app.release_replies()
    await api(
        staff.admin, "POST", f"/api/admin/tickets/{ticket['id']}/reopen", json={"reason": MARK}
    )
    refusals = [
        await api(staff.agent, "POST", "/api/tickets", json={"subject": MARK, "odd": MARK}),
        await api(staff.agent, "POST", "/api/tickets", json={"subject": [MARK], **text}),
        await api(staff.agent, "POST", "/api/tickets", content=f'{{"{MARK}'.encode()),
        await api.change(staff.agent, ticket, assignee=f"{MARK}@desk.test"),
        await api.change(staff.agent, ticket, tags=[f"{MARK} {MARK}"]),
        await api(staff.agent, "GET", f"/api/tickets?assignee={MARK}%40desk.test"),
        await api(staff.agent, "GET", f"/api/tickets?q={MARK}&cursor={MARK}"),
        await api(staff.agent, "GET", f"/api/tickets/{MARK}"),
        await api.upload(staff.agent, ticket, b"x", f"{MARK}.exe"),
        await api.upload(staff.agent, ticket, f"<html>{MARK}".encode(), f"{MARK}.txt"),
        await api.reply(staff.agent, ticket, **text, attachments=[str(uuid4())]),
    ]
    assert all(400 <= answer.status_code < 500 for answer in refusals)
    assert [answer.text for answer in refusals if MARK in answer.text] == []
    assert lines.getvalue()
    assert MARK not in lines.getvalue()
    assert MARK not in generate_latest(REGISTRY).decode()


async def test_a_dead_store_is_503_and_says_when_to_come_back(
    api: Api, database: Database, staff: Staff
):
    ticket = await api.open(staff.agent)
    await database.close()
    answers = [
        await api(staff.agent, "POST", "/api/tickets", json={"subject": "x", "body_text": "y"}),
        await api(staff.agent, "GET", f"/api/tickets/{ticket['id']}"),
        await api.reply(staff.agent, ticket),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
        assert answer.headers["retry-after"]

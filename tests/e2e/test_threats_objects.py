"""Attacks on things: tickets out of sight, fields of others, steps done twice, mail that lies."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from e2e.people import Desk, Member

from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack

VARYING = {"deskstream-correlation", "date", "ratelimit", "ratelimit-policy"}


@pytest.fixture(scope="module")
async def outsider(desk: Desk) -> Member:
    """An agent without any team."""
    return await desk.member("agent", teams=[], kind="teamless")


def without_names(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer but for correlation id, date and RateLimit."""
    body = answer.json()
    body.pop("correlation_id")
    headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
    return answer.status_code, body, headers


@pytest.mark.threat("A1")
async def test_a1_every_ticket_out_of_sight_answers_as_one_that_never_was(
    desk: Desk, outsider: Member
) -> None:
    """A scan by number and by id: of Support's tickets an agent without teams sees none."""
    word = f"scan{uuid4().hex[:8]}"
    tickets = [await desk.ticket(subject=f"{word} {n}") for n in range(3)]
    never = await outsider.session.send("GET", f"/api/tickets/{uuid4()}")
    assert never.status_code == 404
    for ticket in tickets:
        for name in (ticket["id"], ticket["number"], ticket["id"].upper()):
            seen = await outsider.session.send("GET", f"/api/tickets/{name}")
            assert without_names(seen) == without_names(never)
    listed = await outsider.session.json("GET", "/api/tickets?limit=100", 200)
    assert {ticket["id"] for ticket in tickets}.isdisjoint(t["id"] for t in listed["items"])
    found = await outsider.session.json("GET", f"/api/tickets?q={word}", 200)
    assert found["items"] == []


@pytest.mark.threat("S5")
async def test_s5_comments_of_a_ticket_out_of_sight_are_not_there(
    desk: Desk, outsider: Member
) -> None:
    ticket = (await desk.ticket())["id"]
    path = f"/api/tickets/{ticket}/comments"
    await desk.admin.call("POST", path, 201, json={"body_text": "a secret"})
    seen = await outsider.session.send("GET", path)
    never = await outsider.session.send("GET", f"/api/tickets/{uuid4()}/comments")
    assert without_names(seen) == without_names(never)
    await desk.visitor().call("GET", path, 401)
    viewer = await desk.member("viewer")
    assert "a secret" not in (await viewer.session.call("GET", path, 200)).text


@pytest.mark.threat("S6")
async def test_s6_no_file_is_kept_from_somebody_who_may_not(
    desk: Desk, stack: Stack, outsider: Member
) -> None:
    ticket = (await desk.ticket())["id"]
    files = stack.settings.data / "files"

    def kept() -> int:
        return sum(path.is_file() for path in files.rglob("*"))

    before = kept()
    viewer = await desk.member("viewer")
    key = await desk.key("tickets:modify")
    for session, status in ((outsider.session, 404), (viewer.session, 403), (key, 404)):
        file = {"file": ("planted.txt", b"planted", "text/plain")}
        await session.call("POST", f"/api/tickets/{ticket}/attachments", status, files=file)
    assert kept() == before


@pytest.mark.threat("A3")
async def test_a3_nobody_sets_what_is_not_his_to_set(desk: Desk, stack: Stack) -> None:
    planted: dict[str, Any] = {
        "role": "admin",
        "owner": "me",
        "tenant": "other",
        "id": str(uuid4()),
        "status": "active",
        "created_at": "2020-01-01T00:00:00Z",
        "opened_by": "key:me",
        "version": 99,
    }
    agent = (await desk.member("agent")).session
    ticket = (await desk.ticket())["id"]
    email = f"mass-{uuid4().hex[:8]}@staff.test"
    documents = {
        "/api/tickets": {"subject": "S", "body_text": "B"},
        f"/api/tickets/{ticket}/comments": {"body_text": "x"},
        f"/api/tickets/{ticket}/reply": {"body_text": "x"},
        "/api/auth/register": {"email": email, "name": "N", "password": "a long, quiet sentence"},
    }
    for path, document in documents.items():
        for name, value in planted.items():
            session = desk.visitor() if path.startswith("/api/auth/") else agent
            answer = await session.call("POST", path, 422, json={**document, name: value})
            assert answer.json()["field"] == name, (path, name)
    connection = await asyncpg.connect(stack.dsn("gateway"))
    try:
        assert (
            await connection.fetchval("select count(*) from user_view where email = $1", email) == 0
        )
    finally:
        await connection.close()


@pytest.mark.threat("A3")
async def test_a3_nobody_reads_what_is_not_his_to_read(desk: Desk) -> None:
    viewer = (await desk.member("viewer")).session
    ticket = (await desk.ticket())["id"]
    path = f"/api/tickets/{ticket}"
    await desk.admin.call("POST", f"{path}/comments", 201, json={"body_text": "an inner note"})
    for where in (path, f"{path}/comments", "/api/tickets?q=inner"):
        assert "an inner note" not in (await viewer.call("GET", where, 200)).text
    shown = (await viewer.call("GET", "/api/users", 200)).text
    listed = (await desk.admin.call("GET", "/api/keys", 200)).text
    for word in ("password", "secret", "hash", "token", "@staff.test"):
        assert word not in shown, word
        assert word == "@staff.test" or word not in listed, word


@pytest.mark.threat("A6")
async def test_a6_one_step_asked_for_a_hundred_times_at_once_happens_once(
    desk: Desk, stack: Stack
) -> None:
    word = f"once{uuid4().hex[:8]}"
    body = {"subject": word, "body_text": "B"}
    key = await desk.key("tickets:create")
    same = {"Idempotency-Key": str(uuid4())}
    answers = await asyncio.gather(
        *(key.send("POST", "/api/tickets", json=body, headers=same) for _ in range(100))
    )
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    connection = await asyncpg.connect(stack.dsn("ticketing"))
    try:
        count = "select count(*) from events where data->>'subject' = $1"
        assert await connection.fetchval(count, word) == 1
    finally:
        await connection.close()


@pytest.mark.threat("27")
async def test_27_two_hundred_broken_streams_leave_none_open(desk: Desk, stack: Stack) -> None:
    session = (await desk.member("viewer")).session
    url = f"{stack.settings.url('gateway-ops')}/metrics"

    async def open_streams() -> float:
        text = (await desk.client.get(url)).text
        found = re.search(r"^sse_connections ([0-9.e+]+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    before = await open_streams()
    for _ in range(8):
        listeners = [await session.listen() for _ in range(25)]
        assert all(listener.status in (200, 429) for listener in listeners)
        assert await open_streams() > before
        for listener in listeners:
            listener.reset()

    async def gone() -> bool | None:
        return await open_streams() <= before or None

    await eventually("every broken stream to be let go", gone)


@pytest.mark.threat("S10")
async def test_s10_a_reply_shows_as_sent_when_it_was_and_is_mailed_once(
    desk: Desk, stack: Stack
) -> None:
    ticket = await desk.ticket()
    email = ticket["requester"]["email"]
    await desk.mailbox.first(email, "")
    before = len(await desk.mailbox.listed(to=email))
    path = f"/api/tickets/{ticket['id']}"
    notifier = await asyncpg.connect(stack.dsn("notifier"))
    tries = "select count(*) from side_effect where status <> 'sent' and attempts > 0"
    await asyncio.to_thread(stack.stop, "mailbox")
    try:
        body = {"body_text": "Twelve drums."}
        reply = await desk.admin.json("POST", f"{path}/reply", 202, json=body)
        state = f"{path}/replies/{reply['reply_id']}"

        async def tried() -> bool | None:
            seen = await desk.admin.json("GET", state, 200)
            assert seen["state"] != "sent"
            return bool(await notifier.fetchval(tries)) or None

        await eventually("a try while the mail server is down", tried)
        assert (await desk.admin.json("GET", state, 200))["state"] != "sent"
    finally:
        await notifier.close()
        await asyncio.to_thread(stack.start, "mailbox")

    async def sent() -> bool | None:
        return (await desk.admin.json("GET", state, 200))["state"] == "sent" or None

    await eventually("the reply to be sent", sent, seconds=90)
    assert len(await desk.mailbox.listed(to=email)) == before + 1


@pytest.mark.threat("S10")
async def test_s10_a_reply_refused_for_good_shows_as_failed(desk: Desk) -> None:
    ticket = await desk.ticket()
    email = ticket["requester"]["email"]
    await desk.mailbox.first(email, "")
    faults = f"{desk.target.mailbox_url}/faults"
    (await desk.client.put(faults, json={"refuse": {email: 550}})).raise_for_status()
    try:
        path = f"/api/tickets/{ticket['id']}"
        body = {"body_text": "Twelve."}
        reply = await desk.admin.json("POST", f"{path}/reply", 202, json=body)

        async def failed() -> bool | None:
            seen = await desk.admin.json("GET", f"{path}/replies/{reply['reply_id']}", 200)
            assert seen["state"] != "sent"
            return seen["state"] in ("failed", "bounced") or None

        await eventually("the reply to show as failed", failed, seconds=60)
    finally:
        await desk.client.delete(faults)

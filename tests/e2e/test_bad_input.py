"""Bad input gets a clear error with a stable code and the field; nothing is half done."""

from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from e2e.people import Desk

from deskstream_tools.local.stack import Stack

GOOD = {"subject": "S", "body_text": "B"}


async def stored(stack: Stack) -> int:
    connection = await asyncpg.connect(stack.dsn("ticketing"))
    try:
        return int(await connection.fetchval("select count(*) from events"))
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        ({"content": b"{not json"}, 400, "malformed_json"),
        ({"content": b"\xff\xfe"}, 400, "malformed_json"),
        ({"json": {**GOOD, "owner": "me"}}, 422, "invalid"),
        ({"json": {**GOOD, "subject": 7}}, 422, "invalid"),
        ({"json": {**GOOD, "requester": {"email": "nobody"}}}, 422, "invalid"),
        ({"json": {**GOOD, "assignee": str(uuid4())}}, 404, None),
        ({"json": {**GOOD, "body_text": "x" * (300 * 1024)}}, 413, "body_too_large"),
        ({"content": b"[" * 3_000_000}, 413, None),
    ],
    ids=[
        "no json",
        "no utf-8",
        "unknown field",
        "wrong type",
        "bad address",
        "no such assignee",
        "long body",
        "too large",
    ],
)
async def test_a_bad_ticket_is_refused_by_name(
    desk: Desk, stack: Stack, send: dict[str, Any], status: int, code: str | None
) -> None:
    before = await stored(stack)
    headers = {"Content-Type": "application/json"} if "content" in send else {}
    answer = await desk.admin.send("POST", "/api/tickets", headers=headers, **send)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["correlation_id"] == answer.headers["deskstream-correlation"]
    assert body["code"] == (code or body["code"])
    if status == 422:
        assert body["field"]
    assert await stored(stack) == before


async def test_a_stale_version_is_told_what_changed(desk: Desk) -> None:
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    await desk.admin.call("PUT", path, 428, json={"priority": "high"})
    seen = (await desk.admin.call("GET", path, 200)).headers["etag"]
    await desk.admin.call("PUT", path, 200, json={"priority": "high"}, headers={"If-Match": seen})
    answer = await desk.admin.call(
        "PUT", path, 412, json={"priority": "low"}, headers={"If-Match": seen}
    )
    assert "priority" in answer.text
    assert (await desk.admin.json("GET", path, 200))["priority"] == "high"


async def test_a_key_repeated_gets_its_ticket_and_with_another_body_is_refused(desk: Desk) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first = await desk.admin.json("POST", "/api/tickets", 201, json=GOOD, headers=key)
    again = await desk.admin.json("POST", "/api/tickets", 201, json=GOOD, headers=key)
    assert again == first
    other = {**GOOD, "subject": "Other"}
    await desk.admin.call("POST", "/api/tickets", 422, json=other, headers=key)


async def test_what_is_not_in_the_table_is_404_and_a_wrong_method_405(desk: Desk) -> None:
    await desk.admin.call("GET", "/api/nothing", 404)
    await desk.admin.call("GET", "/internal/ops/lag", 404)
    answer = await desk.admin.call("DELETE", "/api/users", 405)
    assert answer.headers["allow"]


async def test_a_public_comment_is_shown_the_way_to_reply(desk: Desk) -> None:
    ticket = await desk.ticket()
    body = {"body_text": "x", "public": True}
    path = f"/api/tickets/{ticket['id']}/comments"
    answer = await desk.admin.call("POST", path, 422, json=body)
    assert "/reply" in answer.text


async def test_no_page_is_larger_than_a_hundred(desk: Desk) -> None:
    await desk.admin.call("GET", "/api/tickets?limit=1000000000", 422)
    await desk.admin.call("GET", "/api/tickets?cursor=forged", 422)
    await desk.admin.call("GET", "/api/tickets?status=nonsense", 422)

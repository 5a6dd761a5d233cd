"""Attacks on how a request is read: headers, paths, framing, sizes; and what answers carry."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from e2e.asking import an_admin, heard_by, signer
from e2e.people import Desk, own_address
from e2e.wire import code, head, say, statuses

from deskstream_chassis.identity.tokens import HEADER
from deskstream_tools.local.stack import Stack

Saw = Callable[[str], None]

PATHS = [
    "/api/tickets/%2e%2e/users",
    "/api/tickets/..%2f..%2finternal/ops/lag",
    "/api%2ftickets",
    "/api%2Ftickets",
    "/api/tickets%5c..",
    "/api/tickets\\..\\x",
    "/api/tickets%00",
    "/api/tickets%0d%0aX:1",
    "/api/tickets%7f",
    "/api//tickets",
    "//api/tickets",
    "//evil.test/api/tickets",
    "/api/./tickets",
    "/api/../api/tickets",
    "/api/health/../tickets",
    "/api/.%2e/api/tickets",
    "/api/tickets/",
    "/api/tickets/.",
    "/api/tickets;x=1",
    "/api/tickets;/..",
    "/api/%252e%252e/internal/ops/lag",
    "/api/tickets%",
    "/api/tickets%g1",
    "/api/tickets%u002f",
    "/API/tickets",
    "/api/Tickets",
    "/api/tickets%20",
    "/api/tickets?x=%00",
    "/internal/ops/lag",
    "/openapi.json",
    "/docs",
    "/metrics",
    "*",
    "api/tickets",
]


def as_lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


@pytest.fixture(scope="module")
async def admin(desk: Desk) -> dict[str, str]:
    """The headers of an admin's browser."""
    return await desk.browser(await desk.member("admin"))


@pytest.fixture(scope="module")
async def viewer(desk: Desk) -> dict[str, str]:
    return await desk.browser(await desk.member("viewer"))


@pytest.mark.threat("21")
async def test_21_no_header_makes_a_caller_somebody_else(
    desk: Desk, stack: Stack, viewer: dict[str, str], saw: Saw
) -> None:
    """The token is a good one of an admin, as only the gateway makes them; the caller a viewer."""
    token = signer(stack).sign(an_admin(), "ticketing")
    ticket = (await desk.ticket())["id"]
    path, body = f"/api/tickets/{ticket}/comments", b'{"body_text": "planted"}'
    framed = ["Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close"]
    spellings = [
        [f"{HEADER}: {token}"],
        [f"{HEADER.lower()}: {token}"],
        [f"{HEADER.upper()}: {token}"],
        [f"{HEADER.replace('-', '_')}: {token}"],
        [f"{HEADER}: {token}", f"{HEADER}: {token}"],
        [f"{HEADER} : {token}"],
        [f"{HEADER}: x", f"{HEADER.replace('-', '_')}: {token}"],
        [f"X-Ignored: 1\r\n {HEADER}: {token}"],
        ["Forwarded: for=127.0.0.1;proto=https", f"{HEADER}: {token}"],
        ["X-Original-URL: /internal/ops/lag", "X-Rewrite-URL: /internal/ops/lag"],
        ["X-HTTP-Method-Override: DELETE"],
        ["X-Forwarded-Host: evil.test", f"Authorization: Bearer {token}"],
    ]
    for lines in spellings:
        for proof in ([], as_lines(viewer)):
            request = head(desk.target, *proof, *lines, *framed, method="POST", path=path) + body
            status = statuses(await say(desk.target, request))[0]
            assert status in ((403, 400, 401) if proof else (401, 400)), lines
    shown = (await desk.admin.call("GET", path, 200)).text
    assert "planted" not in shown
    saw(f"{len(spellings)} spellings of our own headers, with a session and without")


@pytest.mark.threat("21")
async def test_21_connection_takes_no_header_of_ours_away(
    desk: Desk, stack: Stack, admin: dict[str, str], viewer: dict[str, str]
) -> None:
    listed = f"Connection: close, {HEADER}, Deskstream-Correlation, traceparent"
    answer = await say(desk.target, head(desk.target, *as_lines(viewer), listed))
    assert statuses(answer) == [200]
    before = await heard_by(desk, stack)
    for name, status in (("Cookie", 401), ("X-CSRF-Token", 403), ("Origin", 403)):
        lines = [*as_lines(admin), f"Connection: close, {name}", "Content-Length: 2"]
        request = head(desk.target, *lines, method="POST") + b"{}"
        assert statuses(await say(desk.target, request)) == [status], name
    assert await heard_by(desk, stack) == before


@pytest.mark.threat("21")
async def test_21_an_invented_address_has_no_bucket_of_its_own(desk: Desk) -> None:
    """Only the configured proxy's word counts, and of its list the last stranger."""
    address = own_address()
    answers = []
    for n in range(12):
        spoofed = {
            "Forwarded": f"for=203.0.113.{n}",
            "X-Real-IP": f"203.0.113.{n}",
            "True-Client-IP": f"203.0.113.{n}",
            "X-Forwarded-For": f"203.0.113.{n}, {address}",
        }
        url = f"{desk.target.gateway_url}/verify-email?token=x"
        answers.append((await desk.client.get(url, headers=spoofed)).status_code)
    assert 429 in answers


@pytest.mark.threat("22")
async def test_22_a_path_is_read_one_way_or_not_at_all(
    desk: Desk, stack: Stack, admin: dict[str, str], saw: Saw
) -> None:
    before = await heard_by(desk, stack)
    for path in PATHS:
        lines = head(desk.target, *as_lines(admin), "Connection: close", path=path)
        answer = await say(desk.target, lines)
        assert statuses(answer)[0] in (400, 404), path
        assert code(answer) in ("bad_path", "bad_query", "not_found", None), path
    assert await heard_by(desk, stack) == before
    taken = [path for path in PATHS if path.startswith("/") and await served(desk, stack, path)]
    assert taken, "the difference between the two readers is real"
    saw(f"{len(PATHS)} spellings, of which ticketing itself would serve {len(taken)}")


async def served(desk: Desk, stack: Stack, path: str) -> bool:
    """Whether ticketing, asked straight with a good token, takes the path for one of its own."""
    port = stack.settings.ports["ticketing-api"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    token = signer(stack).sign(an_admin(), "ticketing")
    lines = [f"GET {path} HTTP/1.1", "Host: ticketing", f"{HEADER}: {token}", "Connection: close"]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await reader.read(65536)
    writer.close()
    return answer.split(b" ", 2)[1] not in (b"400", b"404")


@pytest.fixture
async def marked(stack: Stack) -> AsyncIterator[tuple[str, Callable[[], Any]]]:
    """A word, and how many events ticketing keeps that carry it."""
    word = f"smuggled{uuid4().hex[:8]}"
    connection = await asyncpg.connect(stack.dsn("ticketing"))

    async def kept() -> int:
        statement = "select count(*) from events where data::text like $1"
        return int(await connection.fetchval(statement, f"%{word}%"))

    yield word, kept
    await connection.close()


FRAMINGS = [
    ["Content-Length: {outer}", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: {outer}"],
    ["Content-Length: 4", "Content-Length: {outer}"],
    ["Content-Length: {outer}", "Content-Length: 4"],
    ["Content-Length: 4, {outer}"],
    ["Content-Length: +{outer}"],
    ["Content-Length : {outer}"],
    ["Transfer-Encoding: xchunked", "Content-Length: {outer}"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: identity, chunked"],
    ["Transfer-Encoding:\x0bchunked", "Content-Length: {outer}"],
    ["Transfer-Encoding : chunked", "Content-Length: {outer}"],
    ["Transfer_Encoding: chunked", "Content-Length: {outer}"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["X: y\nTransfer-Encoding: chunked", "Content-Length: {outer}"],
    ["X: y\rTransfer-Encoding: chunked", "Content-Length: {outer}"],
    ["Content-Length: {outer}"],
    ["Transfer-Encoding: chunked"],
]


@pytest.mark.threat("23")
@pytest.mark.parametrize("ending", ["\r\n", "\n"], ids=["crlf", "bare lf"])
async def test_23_a_request_hidden_in_a_body_is_never_one(
    desk: Desk,
    stack: Stack,
    viewer: dict[str, str],
    marked: tuple[str, Callable[[], Any]],
    ending: str,
    saw: Saw,
) -> None:
    """The hidden one carries an admin's good token: a service that reads it would obey."""
    word, kept = marked
    token = signer(stack).sign(an_admin(), "ticketing")
    ticket = json.dumps({"subject": word, "body_text": word}).encode()
    first = ["POST /api/tickets HTTP/1.1", "Host: x", f"{HEADER}: {token}"]
    rest = ["Content-Type: application/json", f"Content-Length: {len(ticket)}"]
    hidden = "\r\n".join([*first, *rest, "", ""]).encode() + ticket
    body = b"0\r\n\r\n" + hidden
    for framing in FRAMINGS:
        lines = [line.format(outer=len(body)) for line in framing]
        lines += ["Content-Type: application/json", *as_lines(viewer)]
        for path in ("/api/tickets", "/api/nothing", "/api/auth/session"):
            outer = head(desk.target, *lines, method="POST", path=path)
            outer = outer.replace(b"\r\n", ending.encode())
            given = statuses(await say(desk.target, outer + body, seconds=0.4))
            assert all(status >= 400 for status in given), (framing, path, given)
    assert await kept() == 0
    saw(f"{len(FRAMINGS)} framings")


@pytest.mark.threat("A4")
async def test_a4_a_gibibyte_in_pieces_is_cut_off(desk: Desk, admin: dict[str, str]) -> None:
    sent = 0

    async def gibibyte() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1 << 30:
            sent += 65536
            yield b"x" * 65536

    url = f"{desk.target.gateway_url}/api/tickets"
    try:
        answer = await desk.client.post(url, headers=admin, content=gibibyte())
    except httpx.NetworkError:
        pass  # cut off while we were writing: the answer may be lost with the connection
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent < 64 << 20


@pytest.mark.threat("A4")
async def test_a4_a_declared_gibibyte_is_413_before_a_byte_of_it(
    desk: Desk, stack: Stack, admin: dict[str, str]
) -> None:
    before = await heard_by(desk, stack)
    lines = head(desk.target, *as_lines(admin), f"Content-Length: {1 << 30}", method="POST")
    answer = await say(desk.target, lines, seconds=4)
    assert (statuses(answer), code(answer)) == ([413], "body_too_large")
    assert await heard_by(desk, stack) == before


@pytest.mark.threat("A4")
async def test_a4_whoever_sends_too_much_always_gets_to_read_why(desk: Desk) -> None:
    for _ in range(30):
        await desk.admin.call("POST", "/api/tickets", 413, content=b"[" * 3_000_000)


@pytest.mark.threat("A4")
async def test_a4_no_page_is_larger_than_a_hundred(desk: Desk) -> None:
    for path in ("/api/tickets", "/api/admin/users", "/api/audit", "/api/ops/effects"):
        for limit in ("1000000000", "101", "0", "-1", "1e3", "x"):
            await desk.admin.call("GET", f"{path}?limit={limit}", 422)
    await desk.admin.call("GET", f"/api/tickets?q={'x' * 9000}", 400)


@pytest.mark.threat("A4")
async def test_a4_twenty_at_once_get_what_the_limit_allows_and_no_more(desk: Desk) -> None:
    address = own_address()
    url = f"{desk.target.gateway_url}/reset-password?token=x"
    given = await asyncio.gather(
        *(desk.client.get(url, headers={"X-Forwarded-For": address}) for _ in range(20))
    )
    allowed = [answer for answer in given if answer.status_code != 429]
    assert 5 <= len(allowed) <= 6, "a burst of five, and ten a minute"
    refused = next(answer for answer in given if answer.status_code == 429)
    assert refused.headers["retry-after"]
    assert refused.headers["ratelimit-policy"] == '"auth";q=10;w=60'


SECURITY = {
    "strict-transport-security": "max-age=63072000; includeSubDomains",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
API_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


@pytest.mark.threat("A8")
async def test_a8_every_answer_carries_the_protecting_headers(desk: Desk, stack: Stack) -> None:
    ticket = (await desk.ticket())["id"]
    key = await desk.key("cron:outbox")
    stranger = desk.visitor()
    answers = [
        await desk.admin.call("GET", "/api/health", 200),
        await desk.admin.call("GET", f"/api/tickets/{ticket}", 200),
        await stranger.call("GET", "/api/security-txt", 200),
        await desk.admin.call("GET", "/api/tickets/%2e%2e", 400),
        await stranger.call("GET", "/api/tickets", 401),
        await key.call("GET", "/api/tickets", 403),
        await desk.admin.call("GET", "/api/nothing", 404),
        await desk.admin.call("PATCH", "/api/tickets", 405),
        await desk.admin.call("POST", "/api/tickets", 413, content=b"[" * 3_000_000),
        await desk.admin.call("POST", "/api/tickets", 422, json={}),
        await desk.admin.call("PUT", f"/api/tickets/{ticket}", 428, json={"priority": "high"}),
    ]
    await asyncio.to_thread(stack.stop, "ticketing")
    try:
        answers.append(await desk.admin.call("GET", "/api/tickets", 503))
    finally:
        await asyncio.to_thread(stack.start, "ticketing")
    for answer in answers:
        what = (answer.request.method, answer.request.url.path, answer.status_code)
        assert {name: answer.headers.get(name) for name in SECURITY} == SECURITY, what
        assert answer.headers.get_list("content-security-policy") == [API_POLICY], what
        assert answer.headers["deskstream-correlation"], what
        for name in ("x-powered-by", "access-control-allow-origin", "via"):
            assert name not in answer.headers, what
        assert not re.search("[0-9]", answer.headers.get("server", "")), "no version is told"
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", what
            assert "Traceback" not in answer.text, what


@pytest.mark.threat("A8")
async def test_a8_no_method_and_no_page_is_left_on_for_debugging(desk: Desk) -> None:
    for method in ("TRACE", "TRACK", "CONNECT", "DEBUG", "OPTIONS", "PROPFIND"):
        request = head(desk.target, "Connection: close", method=method, path="/api/health")
        answer = await say(desk.target, request)
        assert statuses(answer) in ([405], [400]), method
        assert b"X-Forwarded-For" not in answer, "nothing of the request comes back"
    for path in ("/docs", "/redoc", "/openapi.json", "/metrics", "/readyz", "/internal/jwks"):
        await desk.admin.call("GET", path, 404)


@pytest.mark.threat("A9")
async def test_a9_what_is_served_is_described_and_nothing_else_reaches_a_service(
    desk: Desk, stack: Stack
) -> None:
    described = json.loads(stack.run("gateway", "openapi").stdout)["paths"]
    listed = json.loads(stack.run("gateway", "routes", "--json").stdout)
    assert {(row["method"].lower(), row["path"]) for row in listed} == {
        (method, path) for path, methods in described.items() for method in methods
    }
    before = await heard_by(desk, stack)
    for path in (
        "/internal/ops/lag",
        "/internal/ops/parked",
        "/api/tickets/1/internal",
        "/api/v1/tickets",
        "/api/tickets.json",
        "/api/tickets/not-an-id",
        "/api/attachments/1/download",
        f"/api/tickets/{uuid4()}/unknown",
    ):
        await desk.admin.call("GET", path, 404)
    for method in ("PUT", "PATCH", "DELETE"):
        await desk.admin.call(method, "/api/tickets", 405)
    assert await heard_by(desk, stack) == before

"""What a server accepts beside HTTP as it should be: refused, or read one way and framed anew."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from gateway.interface.gate import body as bodies

Say = Callable[..., Awaitable[bytes]]


def lines(desk: Any, *more: str, method: str = "GET", target: str = "/api/tickets") -> bytes:
    """The head of a request with a good Host."""
    head = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{desk.port}", *more, "", ""]
    return "\r\n".join(head).encode("latin-1")


async def proof(desk: Any) -> list[str]:
    """Header lines of a signed-in agent."""
    return [f"{name}: {value}" for name, value in (await desk.as_role("agent")).items()]


def told(answer: bytes) -> tuple[int, str | None]:
    """Status and problem code of the first answer on the wire; code None without a document."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if b"application/problem+json" not in head:
        return status, None
    document, _ = json.JSONDecoder().raw_decode(body.decode())
    return status, document["code"]


@pytest.mark.parametrize(
    "target",
    [
        "/api/tickets/%2e%2e/users",
        "/api%2ftickets",
        "/api/tickets/..%2f..%2finternal",
        "/api/tickets%5c..",
        "/api/tickets\\..\\x",
        "/api/tickets%00",
        "/api//tickets",
        "//api/tickets",
        "//evil.test/api/tickets",
        "/api/./tickets",
        "/api/../api/tickets",
        "/api/tickets/",
        "*",
        "api/tickets",
        "/api/tickets?x=%00",
    ],
)
async def test_a_target_trick_is_400_and_asks_no_service(desk: Any, say: Say, target: str) -> None:
    answer = await say(lines(desk, *await proof(desk), "Connection: close", target=target))
    status, code = told(answer)
    assert status == 400
    assert code in {"bad_path", "bad_query", None}
    assert desk.ticketing.seen == []


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"GET /api/tickets HTTP/1.1\r\nHost: evil.test\r\n\r\n", "bad_host"),
        (b"GET /api/tickets HTTP/1.1\r\nHost:\r\n\r\n", "bad_host"),
        (b"GET /api/tickets HTTP/1.1\r\n\r\n", "bad_host"),
        (b"GET /api/tickets HTTP/1.1\r\nHost: evil.test\r\nHost: desk.shop.test\r\n\r\n", None),
        (b"GET /api/tickets HTTP/1.1\r\nHost: desk.shop.test@evil.test\r\n\r\n", "bad_host"),
        (b"GET /api/tickets HTTP/1.1\r\nHost: desk.shop.test:1\r\n\r\n", "bad_host"),
        (b"GET http://desk.shop.test/api/health HTTP/1.1\r\nHost: evil.test\r\n\r\n", "bad_host"),
    ],
)
async def test_a_host_off_the_list_is_400(say: Say, head: bytes, code: str | None) -> None:
    assert told(await say(head, half=1)) == (400, code or "bad_header")


async def test_host_is_compared_without_regard_to_case(say: Say) -> None:
    answer = await say(
        b"GET /api/health HTTP/1.1\r\nHost: Desk.Shop.TEST\r\nConnection: close\r\n\r\n"
    )
    assert told(answer)[0] == 200


async def test_a_bare_line_feed_is_read_as_the_server_reads_it_and_framed_anew(
    desk: Any, say: Say
) -> None:
    head = lines(desk, *await proof(desk), "Connection: close").replace(b"\r\n", b"\n")
    status, _ = told(await say(head))
    assert status in {200, 400}
    assert len(desk.ticketing.seen) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 6", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 6"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5, 5"],
        ["Content-Length: +5"],
        ["Content-Length : 5"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding:\x0bchunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ],
)
async def test_a_body_framed_two_ways_reaches_a_service_one_way_or_not_at_all(
    desk: Any, say: Say, framing: list[str]
) -> None:
    smuggled = lines(desk, *await proof(desk), target="/api/tickets/666")
    head = lines(desk, *await proof(desk), *framing, method="POST")
    answer = await say(head + b"0\r\n\r\n" + smuggled, half=1.5)
    status, _ = told(answer)
    assert status in {200, 400}
    assert all(seen.target == "/api/tickets" for seen in desk.ticketing.seen)
    if status == 200:
        (seen,) = desk.ticketing.seen
        assert seen.header("transfer-encoding") is None
        assert seen.header("content-length") == str(len(seen.body))
        assert seen.body == b""


async def test_equal_lengths_given_twice_are_one_length(desk: Any, say: Say) -> None:
    head = lines(
        desk,
        *await proof(desk),
        "Content-Length: 2",
        "Content-Length: 2",
        "Connection: close",
        method="POST",
    )
    status, _ = told(await say(head + b"{}"))
    assert status in {200, 400}
    assert [seen.body for seen in desk.ticketing.seen] == ([b"{}"] if status == 200 else [])


@pytest.mark.parametrize(
    "chunks",
    [
        b"2\n{}\n0\n\n",
        b"10000000000000002\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}extra\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
    ],
)
async def test_broken_chunks_never_reach_a_service_as_a_whole_body(
    desk: Any, say: Say, chunks: bytes
) -> None:
    head = lines(desk, *await proof(desk), "Transfer-Encoding: chunked", method="POST")
    await say(head + chunks, half=1)
    assert desk.ticketing.seen == []


async def test_chunk_extensions_and_trailers_end_at_the_gate(desk: Any, say: Say) -> None:
    head = lines(
        desk, *await proof(desk), "Transfer-Encoding: chunked", "Connection: close", method="POST"
    )
    answer = await say(head + b"2;a=b\r\n{}\r\n0\r\nCookie: x=1\r\n\r\n")
    assert told(answer)[0] == 200
    (seen,) = desk.ticketing.seen
    assert (seen.body, seen.header("content-length")) == (b"{}", "2")
    assert seen.header("cookie") is None


async def test_an_upgrade_is_not_taken(desk: Any, say: Say) -> None:
    for asked in (
        ["Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMA"],
        ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
    ):
        answer = await say(lines(desk, *await proof(desk), *asked), half=0.5)
        assert told(answer)[0] == 200
    for seen in desk.ticketing.seen:
        assert seen.header("upgrade") is None
        assert seen.header("connection") is None


async def test_sixteen_kilobytes_of_headers_are_the_most(desk: Any, say: Say) -> None:
    for padding, expected in ((10_000, 200), (17_000, 400)):
        head = lines(desk, *await proof(desk), f"X-Pad: {'a' * padding}", "Connection: close")
        assert told(await say(head))[0] == expected
    huge = lines(desk, *await proof(desk), f"X-Pad: {'a' * 300_000}", "Connection: close")
    with suppress(ConnectionError):  # closed while we were still writing: refused as well
        assert told(await say(huge))[0] in {400, 431}
    assert len(desk.ticketing.seen) == 1


async def test_a_declared_length_above_the_limit_is_413_before_a_byte_is_read(
    desk: Any, say: Say
) -> None:
    head = lines(desk, *await proof(desk), f"Content-Length: {1 << 30}", method="POST")
    assert told(await say(head)) == (413, "body_too_large")
    assert desk.ticketing.connections == 0


async def test_whoever_sends_too_much_gets_to_read_why(desk: Any) -> None:
    agent = await desk.as_role("agent")
    for headers, status in ((agent, 413), ({}, 401), ({"Cookie": "__Host-sid=x"}, 401)):
        for content in (b"x" * 3_000_000, _parts(3_000_000)):
            answer = await desk.http.post("/api/tickets", headers=headers, content=content)
            assert answer.status_code == status
            assert answer.json()["correlation_id"]
    body = {"email": "a@shop.test", "password": "x" * 3_000_000}
    login = await desk.http.post("/api/auth/login", headers=agent, json=body)
    assert login.status_code == 413
    assert desk.ticketing.seen == []


async def _parts(size: int) -> Any:
    for _ in range(size // 50_000):
        yield b"x" * 50_000


async def test_a_body_without_length_is_cut_off_at_the_limit(desk: Any) -> None:
    headers = await desk.as_role("agent")
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while True:
            sent += 65536
            yield b"x" * 65536

    try:
        answer = await desk.http.post("/api/tickets", headers=headers, content=endless())
    except httpx.NetworkError:
        pass  # closed while we were still writing; the answer may be lost with it
    else:
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent < 64 * 2**20
    assert desk.ticketing.seen == []


async def test_a_request_that_reads_carries_no_body(desk: Any, say: Say) -> None:
    head = lines(desk, *await proof(desk), "Content-Length: 2", "Connection: close")
    assert told(await say(head + b"{}")) == (413, "body_too_large")
    assert desk.ticketing.connections == 0


async def test_proof_is_decided_before_the_body_is_read(desk: Any, say: Say) -> None:
    head = lines(desk, "Content-Length: 200000", method="POST", target="/api/tickets")
    assert told(await say(head + b"{")) == (401, "unauthenticated")


@pytest.mark.parametrize("target", ["/api/tickets", "/api/auth/login"])
async def test_a_body_that_drips_is_given_up(
    desk: Any, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.3)
    head = lines(desk, *await proof(desk), "Content-Length: 5000", method="POST", target=target)
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    writer.write(head)
    began = time.monotonic()
    answering = asyncio.create_task(reader.read(65536))
    while not answering.done() and time.monotonic() - began < 3:
        writer.write(b"x" * 10)
        await asyncio.wait({answering}, timeout=0.05)
    answer = await answering
    writer.close()
    assert told(answer) == (408, "body_too_slow")
    assert time.monotonic() - began < 2
    assert desk.ticketing.seen == []


async def test_a_slow_but_steady_body_arrives(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "PATIENCE", 0.3)
    headers = await desk.as_role("agent")

    async def steady() -> Any:
        for _ in range(8):
            yield b"x" * 500
            await asyncio.sleep(0.09)

    answer = await desk.http.post("/api/tickets", headers=headers, content=steady())
    assert answer.status_code == 200
    assert desk.ticketing.seen[0].body == b"x" * 4000


async def test_headers_that_do_not_come_are_given_up_after_ten_seconds(say: Say) -> None:
    began = time.monotonic()
    await say(b"GET /api/health HTTP/1.1\r\nHost: ", half=14)
    assert 9 < time.monotonic() - began < 13


async def test_two_requests_on_one_connection_do_not_mix(desk: Any, say: Say) -> None:
    """The first carries a body that nobody reads; the second must still be read from its start."""
    first = lines(desk, "Content-Length: 7", method="POST") + b"GET /x "
    second = lines(desk, *await proof(desk), "Connection: close", target="/api/tickets/12")
    answer = await say(first + second, half=2)
    assert told(answer) == (401, "unauthenticated")
    assert [seen.target for seen in desk.ticketing.seen] in ([], ["/api/tickets/12"])

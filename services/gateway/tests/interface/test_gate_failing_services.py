"""Services that do not answer, or not as they should."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.application.upstream import UpstreamDown, UpstreamRequest, UpstreamSlow
from gateway.infra.breaker import Breaker
from gateway.infra.upstream import AiohttpUpstream

Check = Callable[[httpx.Response, int, str], None]


def request(**changed: Any) -> UpstreamRequest:
    given: dict[str, Any] = {
        "method": "GET",
        "target": "/x",
        "headers": {},
        "body": None,
        "first_byte": 0.2,
        "idempotent": True,
    }
    return UpstreamRequest(**(given | changed))


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait for a condition, 5 s at most."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


async def test_nobody_listening_is_503_with_retry_after(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")
    gone = AiohttpUpstream("http://127.0.0.1:9")
    desk.gate._proxy._upstreams["ticketing"] = gone
    answer = await desk.http.get("/api/tickets", headers=headers)
    problem(answer, 503, "upstream_unavailable")
    assert answer.headers["retry-after"] == "1"
    await gone.close()


async def test_an_unconfigured_service_is_503(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")
    desk.gate._proxy._upstreams.clear()
    problem(await desk.http.get("/api/tickets", headers=headers), 503, "upstream_not_configured")


async def test_a_broken_connection_is_tried_once_more_for_get_alone(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("agent")
    hits = 0

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        nonlocal hits
        hits += 1
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    problem(await desk.http.get("/api/tickets", headers=headers), 502, "upstream_broken")
    assert hits == 2
    put = await desk.http.put("/api/tickets/12", headers=headers, json={})
    problem(put, 502, "upstream_broken")
    assert hits == 3
    problem(await desk.http.post("/api/tickets", headers=headers, json={}), 502, "upstream_broken")
    assert hits == 4


async def test_what_is_no_http_is_502(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"SMTP ready\r\n\r\n")
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    problem(await desk.http.get("/api/tickets", headers=headers), 502, "upstream_broken")


async def test_an_answer_cut_short_never_looks_whole(desk: Any) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
        await writer.drain()
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    with pytest.raises(httpx.RemoteProtocolError):
        await desk.http.get(f"/api/attachments/{uuid4()}/download", headers=headers)


async def test_a_small_answer_cut_short_is_502(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 100)
        await writer.drain()
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    problem(await desk.http.get("/api/tickets", headers=headers), 502, "upstream_broken")


async def test_the_services_stream_ends_when_the_client_leaves(desk: Any) -> None:
    headers = await desk.as_role("agent")

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    desk.ticketing.script = script
    for _ in range(5):
        url = f"/api/attachments/{uuid4()}/download"
        async with desk.http.stream("GET", url, headers=headers) as answer:
            async for _ in answer.aiter_raw():
                break
    await eventually(lambda: desk.ticketing.open == 0)


async def test_an_early_refusal_of_an_upload_reaches_the_client_and_leaks_nothing(
    desk: Any,
) -> None:
    proof = [f"{name}: {value}" for name, value in (await desk.as_role("agent")).items()]
    head = [
        "POST /api/tickets/12/attachments HTTP/1.1",
        f"Host: 127.0.0.1:{desk.port}",
        *proof,
        "Content-Length: 2000000",
    ]

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.write(b"HTTP/1.1 403 Told\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        while await reader.read(65536):
            pass

    desk.ticketing.script = script
    for _ in range(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write("\r\n".join([*head, "", ""]).encode() + b"x" * 300_000)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert answer.startswith(b"HTTP/1.1 403")
        writer.close()
    await eventually(lambda: desk.ticketing.open == 0)


async def test_a_client_that_leaves_in_the_middle_of_an_upload_ends_it_at_the_service(
    desk: Any,
) -> None:
    proof = [f"{name}: {value}" for name, value in (await desk.as_role("agent")).items()]
    head = [
        "POST /api/tickets/12/attachments HTTP/1.1",
        f"Host: 127.0.0.1:{desk.port}",
        *proof,
        "Content-Length: 2000000",
    ]
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", desk.port)
        writer.write("\r\n".join([*head, "", ""]).encode() + b"x" * 300_000)
        await writer.drain()
        await eventually(lambda: desk.ticketing.open == 1)
        writer.transport.abort()
        await eventually(lambda: desk.ticketing.open == 0)
    assert desk.ticketing.seen == []


async def test_a_service_that_hangs_is_given_up_in_time(desk: Any) -> None:
    hold = asyncio.Event()

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        await hold.wait()

    desk.ticketing.script = script
    upstream = AiohttpUpstream(desk.ticketing.address)
    with pytest.raises(UpstreamSlow):
        await upstream.send(request())
    hold.set()
    await upstream.close()


async def test_the_breaker_spares_a_service_that_is_down() -> None:
    now = 0.0
    upstream = AiohttpUpstream(
        "http://127.0.0.1:9", Breaker(failures=2, seconds=5, clock=lambda: now)
    )
    for _ in range(2):
        with pytest.raises(UpstreamDown):
            await upstream.send(request())
    assert not upstream._breaker.admits()
    now = 6.0
    assert upstream._breaker.admits()
    await upstream.close()

"""How long a service is waited for, and when it is asked again."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import pytest

from gateway.application.upstream import (
    UpstreamBroken,
    UpstreamDown,
    UpstreamRequest,
    UpstreamSlow,
)
from gateway.infra import upstream as adapter
from gateway.infra.breaker import FAILURES, OPEN_SECONDS
from gateway.infra.upstream import AiohttpUpstream
from gateway.interface.gate.routes import TABLE

Check = Callable[[httpx.Response, int, str], None]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def request(method: str = "GET", **changed: Any) -> UpstreamRequest:
    idempotent = method == "GET"
    return UpstreamRequest(
        method, "/x", {}, changed.get("body"), changed.get("first_byte", 5.0), idempotent
    )


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[AiohttpUpstream]:
    """An upstream whose service holds each connection's talk; they are numbered from 1."""
    count = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        try:
            await talk(reader, writer, count)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        upstream = AiohttpUpstream(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield upstream
        await upstream.close()


async def whole(upstream: AiohttpUpstream, asked: UpstreamRequest) -> bytes:
    answer = await upstream.send(asked)
    try:
        return await answer.whole()
    finally:
        answer.close()


async def test_an_idle_connection_that_ends_as_the_request_goes_out_costs_a_get_nothing() -> None:
    connections = []

    async def talk(reader: Any, writer: Any, number: int) -> None:
        connections.append(number)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")  # and then it ends without a word

    async with talking(talk) as upstream:
        for _ in range(3):
            assert await whole(upstream, request()) == b"hello"
    assert connections == [1, 2, 3]


async def test_a_post_on_such_a_connection_is_not_sent_again() -> None:
    heads = 0

    async def talk(reader: Any, writer: Any, number: int) -> None:
        nonlocal heads
        await reader.readuntil(b"\r\n\r\n")
        heads += 1
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        heads += 1

    async with talking(talk) as upstream:
        assert await whole(upstream, request("POST", body=b"")) == b"hello"
        with pytest.raises(UpstreamBroken):
            await whole(upstream, request("POST", body=b""))
    assert heads == 2


async def test_bytes_that_come_while_nobody_asks_are_no_answer_to_the_next() -> None:
    read, connections = asyncio.Event(), []

    async def talk(reader: Any, writer: Any, number: int) -> None:
        connections.append(number)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        if number == 1:
            await read.wait()
            writer.write(OK.replace(b"hello", b"wrong"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)

    async with talking(talk) as upstream:
        assert await whole(upstream, request()) == b"hello"
        session = upstream._session
        assert session is not None
        assert isinstance(session.connector, aiohttp.TCPConnector)
        ((idle, _),) = next(iter(session.connector._conns.values()))
        read.set()
        async with asyncio.timeout(5):
            while not idle.should_close:  # what came is here; nothing has been asked since
                await asyncio.sleep(0.01)
        for _ in range(2):
            assert await whole(upstream, request()) == b"hello"
    assert connections == [1, 2]


async def test_a_head_that_drips_is_given_up_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "QUEUE_SECONDS", 0.1)

    async def talk(reader: Any, writer: Any, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with talking(talk) as upstream:
        began = time.monotonic()
        with pytest.raises(UpstreamSlow):
            await upstream.send(request(first_byte=0.4))
        assert time.monotonic() - began < 4


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full: it answers no further one."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port = listening.getsockname()[1]
        waiting = []
        for _ in range(8):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        yield port
        for one in waiting:
            one.close()


async def test_connecting_is_given_up_after_a_second(deaf_port: int) -> None:
    upstream = AiohttpUpstream(f"http://127.0.0.1:{deaf_port}")
    began = time.monotonic()
    with pytest.raises(UpstreamDown):
        await upstream.send(request(first_byte=30.0))
    assert 0.9 < time.monotonic() - began < 4.5
    await upstream.close()


async def test_a_request_that_finds_no_free_connection_is_turned_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter, "CONNECTIONS", 1)
    monkeypatch.setattr(adapter, "QUEUE_SECONDS", 0.2)
    heard, go_on = asyncio.Event(), asyncio.Event()

    async def talk(reader: Any, writer: Any, number: int) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.set()
        await go_on.wait()
        writer.write(OK)

    async with talking(talk) as upstream:
        first = asyncio.create_task(whole(upstream, request(first_byte=30.0)))
        await heard.wait()
        with pytest.raises(UpstreamDown):
            await upstream.send(request(first_byte=30.0))
        go_on.set()
        assert await first == b"hello"


class Told:
    """An upstream that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[UpstreamRequest] = []

    async def send(self, asked: UpstreamRequest) -> Any:
        """Always too slow."""
        self.asked.append(asked)
        raise UpstreamSlow

    async def close(self) -> None:
        """Nothing is open."""


async def test_every_class_of_row_has_its_own_time_until_the_first_byte(
    start: Any, problem: Check
) -> None:
    served = tuple(replace(r, served=True) if r.upstream == "rag" else r for r in TABLE)
    async with start(table=served) as desk:
        told = Told()
        desk.gate._proxy._upstreams.update(ticketing=told, rag=told)
        headers = await desk.as_role("agent")
        answers = [
            await desk.http.get("/api/tickets", headers=headers),
            await desk.http.get(f"/api/rag/similar-tickets?ticket={uuid4()}", headers=headers),
            await desk.http.post("/api/tickets/12/attachments", headers=headers, content=b"x"),
        ]
    for answer in answers:
        problem(answer, 504, "upstream_timeout")
    assert [asked.first_byte for asked in told.asked] == [10.0, 60.0, 120.0]
    assert [asked.idempotent for asked in told.asked] == [True, True, False]


async def test_a_service_that_stays_away_is_not_waited_for_and_is_found_again(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("agent")
    upstream = desk.gate._proxy._upstreams["ticketing"]
    now = 0.0
    upstream._breaker._clock = lambda: now

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    for _ in range(FAILURES):
        problem(
            await desk.http.post("/api/tickets", headers=headers, json={}), 502, "upstream_broken"
        )
    asked = desk.ticketing.connections
    for _ in range(3):
        answer = await desk.http.get("/api/tickets", headers=headers)
        problem(answer, 503, "upstream_unavailable")
    assert desk.ticketing.connections == asked
    now, desk.ticketing.script = OPEN_SECONDS, None
    for _ in range(2):
        assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 200

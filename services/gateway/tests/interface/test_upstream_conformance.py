"""Odd answers of a service: read one way by us, and beside it what nginx makes of them.

Every case is asked three times: of `AiohttpUpstream`, through the whole gate, and through nginx
where there is one. Whatever came, the next request on that connection gets its own answer.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskstream_tools.local.nginx import Nginx, NoNginx, binary
from gateway.application.upstream import UpstreamError, UpstreamRequest, UpstreamSlow
from gateway.infra.upstream import AiohttpUpstream

OK = b"HTTP/1.1 200 OK\r\n"
FIVE = b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SECOND = OK + b"Content-Length: 6\r\n\r\nsecond"
HELLO, BROKEN, SLOW = "200 hello", "broken", "slow"
CLOSE, RESET, END, HOLD = "close", "reset", "end", "hold"
"""What the service does between or after its bytes: end the connection, kill it, end its half of
it, fall silent."""

VERSION = "nginx/1.22"
STRICT = "two readings are possible; nginx 1.22 takes one, we take none"
NO_BODY = "bytes follow where no body may be; nginx drops them with the connection, we the answer"
LATE = "nginx has passed the head on before it knows"
ENCODED = "we ask for no encoding and pass none on, so an encoded body could not be read"


@dataclass(frozen=True)
class Case:
    """Bytes and acts of a service, and what a client gets: from us, and from nginx if that
    differs, then with the reason."""

    name: str
    says: Sequence[bytes | str]
    ours: str
    nginx: str | None = None
    why: str | None = None
    method: str = "GET"
    asked: int = 1
    """How often the service hears of it: twice only where no answer had begun."""


def framed(coding: bytes) -> bytes:
    """Chunks under a Transfer-Encoding of this value."""
    return OK + b"Transfer-Encoding: " + coding + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


def sized(length: bytes) -> bytes:
    """`hello` under a Content-Length of this value."""
    return OK + b"Content-Length: " + length + b"\r\n\r\nhello"


def with_line(line: bytes) -> bytes:
    """`hello` under one more line of head."""
    return OK + line + b"\r\n" + FIVE


MANY = b"\r\n".join(b"X-%d: %s" % (n, b"a" * 900) for n in range(60))
CASES = [
    Case("a length", [OK + FIVE], HELLO),
    Case("chunks", [framed(b"chunked")], HELLO),
    Case("until the end of the connection", [OK + b"\r\nhello", CLOSE], HELLO),
    Case("until the end of its half", [OK + b"\r\nhello", END], HELLO),
    Case("its half ended after a whole answer", [OK + FIVE, END], HELLO),
    Case("told to close", [OK + b"Connection: close\r\n" + FIVE], HELLO),
    Case("a shorter length", [sized(b"3")], BROKEN, "200 hel", STRICT),
    Case("a longer length", [sized(b"9"), CLOSE], BROKEN),
    Case("killed in the body", [sized(b"9"), RESET], BROKEN),
    Case("two equal lengths", [OK + b"Content-Length: 5\r\n" + FIVE], BROKEN, HELLO, STRICT),
    Case("two lengths", [OK + b"Content-Length: 9\r\n" + FIVE], BROKEN, HELLO, STRICT),
    Case("a list of lengths", [sized(b"5, 5")], BROKEN),
    Case("a length with a sign", [sized(b"+5")], BROKEN),
    Case("a length below zero", [sized(b"-5")], BROKEN),
    Case("a length in sixteens", [sized(b"0x5")], BROKEN),
    Case("no length where one is named", [sized(b""), CLOSE], BROKEN, HELLO, STRICT),
    Case("a length beyond all bounds", [sized(b"9" * 20), CLOSE], BROKEN, HELLO, STRICT),
    Case(
        "a length and chunks",
        [OK + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        *(BROKEN, HELLO, STRICT),
    ),
    Case("chunks of a packed body", [framed(b"gzip, chunked")], BROKEN, HELLO, STRICT),
    Case("packed chunks", [framed(b"chunked, gzip"), CLOSE], BROKEN, HELLO, STRICT),
    Case("an unknown coding", [framed(b"xchunked"), CLOSE], BROKEN, HELLO, STRICT),
    Case(
        "the coding of nothing",
        [framed(b"identity"), CLOSE],
        *(BROKEN, "200 5\r\nhello\r\n0\r\n\r\n", STRICT),
    ),
    Case("chunks twice", [framed(b"chunked\r\nTransfer-Encoding: chunked")], BROKEN, HELLO, STRICT),
    Case("extensions of chunks", [CHUNKED + b'5;a="b;c"\r\nhello\r\n0;z\r\n\r\n'], HELLO),
    Case("a size with zeros before it", [CHUNKED + b"0005\r\nhello\r\n0\r\n\r\n"], HELLO),
    Case("a size that is none", [CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n"], BROKEN),
    Case("a size with a sign", [CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n"], BROKEN),
    Case("a size in C", [CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"], BROKEN),
    Case("a size that overflows", [CHUNKED + b"1" + b"0" * 16 + b"\r\nhello"], BROKEN),
    Case("a chunk longer than its size", [CHUNKED + b"5\r\nhelloXX0\r\n\r\n"], BROKEN),
    Case("chunks by bare line feeds", [CHUNKED + b"5\nhello\n0\n\n"], BROKEN, HELLO, STRICT),
    Case("ended in a chunk", [CHUNKED + b"9\r\nhello", CLOSE], BROKEN),
    Case("ended before the last chunk", [CHUNKED + b"5\r\nhello\r\n", CLOSE], BROKEN),
    Case("trailers", [CHUNKED + b"5\r\nhello\r\n0\r\nX-T: 1\r\nSet-Cookie: a=b\r\n\r\n"], HELLO),
    Case(
        "a length among the trailers",
        [CHUNKED + b"5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n"],
        *(BROKEN, HELLO, STRICT),
    ),
    Case(
        "an early hint",
        [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + FIVE],
        *(HELLO, "broken", "nginx 1.22 takes it for the answer and sends nothing more"),
    ),
    Case(
        "go on, three times",
        [b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK + FIVE],
        *(HELLO, "broken", "nginx 1.22 takes it for the answer and sends nothing more"),
    ),
    Case(
        "another protocol",
        [b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello", CLOSE],
        BROKEN,
    ),
    Case("a hint and then nothing", [b"HTTP/1.1 102 X\r\n\r\n", CLOSE], BROKEN, asked=2),
    Case("nothing", [CLOSE], BROKEN, asked=2),
    Case("half a head", [OK + b"Content-Le", CLOSE], BROKEN),
    Case("silence before the head", [HOLD], SLOW),
    Case("silence in the body", [sized(b"9"), HOLD], SLOW, BROKEN, LATE),
    Case("a header of 20 KB", [with_line(b"X-A: " + b"a" * 20_000)], BROKEN),
    Case("a head of 54 KB", [with_line(MANY)], BROKEN),
    Case("a reason of 20 KB", [b"HTTP/1.1 200 " + b"a" * 20_000 + b"\r\n" + FIVE], BROKEN),
    Case(
        "two thousand headers",
        [with_line(b"\r\n".join([b"X: a"] * 2000))],
        *(BROKEN, HELLO, "nginx bounds bytes, we their number too"),
    ),
    Case("a status of letters", [b"HTTP/1.1 abc OK\r\n" + FIVE], BROKEN),
    Case("a status of four", [b"HTTP/1.1 1000 OK\r\n" + FIVE], BROKEN),
    Case(
        "a status of no class",
        [b"HTTP/1.1 700 OK\r\n" + FIVE],
        *(BROKEN, "700 hello", "no client knows what it means"),
    ),
    Case("no reason", [b"HTTP/1.1 200\r\n" + FIVE], HELLO),
    Case("HTTP/1.0", [b"HTTP/1.0 200 OK\r\n" + FIVE], HELLO),
    Case("another protocol's greeting", [b"220 mail.shop.test ESMTP\r\n\r\n", CLOSE], BROKEN),
    Case("no head at all", [b"hello", CLOSE], BROKEN),
    Case(
        "an empty line before the head",
        [b"\r\n" + OK + FIVE],
        *(HELLO, BROKEN, "RFC 9112 §2.2 lets a reader skip it"),
    ),
    Case("a head by bare line feeds", [(OK + FIVE).replace(b"\r\n", b"\n")], HELLO),
    Case(
        "a folded header",
        [with_line(b"X-A: a\r\n b")],
        *(HELLO, BROKEN, "RFC 9112 §5.2 lets a proxy unfold it"),
    ),
    Case("a bare carriage return", [with_line(b"X-A: a\rb")], BROKEN),
    Case("NUL in a header", [with_line(b"X-A: a\0b")], BROKEN),
    Case("a header without a name", [with_line(b": a")], BROKEN),
    Case("a header without a colon", [with_line(b"X-A")], BROKEN, HELLO, STRICT),
    Case("a packed body", [with_line(b"Content-Encoding: gzip")], BROKEN, HELLO, ENCODED),
    Case(
        "304 with the length of what it stands for",
        [b"HTTP/1.1 304 X\r\nContent-Length: 5\r\n\r\n"],
        "304 ",
    ),
    Case("204 with a body", [b"HTTP/1.1 204 X\r\n" + FIVE], BROKEN, "204 ", NO_BODY),
    Case("304 with a body", [b"HTTP/1.1 304 X\r\n" + FIVE], BROKEN, "304 ", NO_BODY),
    Case("HEAD", [OK + b"Content-Length: 5\r\n\r\n"], "200 ", method="HEAD"),
    Case("HEAD in chunks", [CHUNKED], "200 ", method="HEAD"),
    Case("HEAD with a body", [OK + FIVE], BROKEN, "200 ", NO_BODY, method="HEAD"),
    Case("an answer that nobody asked for", [OK + FIVE + OK + FIVE], HELLO),
]


class Service:
    """Answers each request's head with what it is told to say."""

    def __init__(self) -> None:
        self.says: Sequence[bytes | str] = ()
        self.asked = 0
        self.connections = 0
        self.over = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.asked += 1
                if not await self._answer(self.says, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, says: Sequence[bytes | str], writer: asyncio.StreamWriter) -> bool:
        for one in says:
            if isinstance(one, bytes):
                writer.write(one)
                await writer.drain()
            elif one == END:
                writer.write_eof()
            elif one == HOLD:
                await self.over.wait()
            elif one == RESET:
                writer.transport.abort()
            if one in (CLOSE, HOLD, RESET):
                return False
        return True


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, int]]:
    """A service and its port."""
    told = Service()
    server = await asyncio.start_server(told.connected, "127.0.0.1", 0)
    async with server:
        yield told, server.sockets[0].getsockname()[1]
        told.over.set()


async def ask(upstream: AiohttpUpstream, method: str = "GET", first_byte: float = 1.0) -> str:
    """What a caller of the upstream gets."""
    request = UpstreamRequest(method, "/x", {}, None, first_byte, idempotent=True)
    try:
        answer = await upstream.send(request)
        try:
            return f"{answer.status} {(await answer.whole()).decode()}"
        finally:
            answer.close()
    except UpstreamError as error:
        return SLOW if isinstance(error, UpstreamSlow) else BROKEN


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_an_odd_answer_is_read_as_it_was_meant_or_not_at_all(
    service: tuple[Service, int], case: Case
) -> None:
    told, port = service
    upstream = AiohttpUpstream(f"http://127.0.0.1:{port}")
    told.says = case.says
    first = 0.2 if HOLD in case.says else 5.0
    assert await ask(upstream, case.method, first) == case.ours
    assert told.asked == case.asked
    told.says = [SECOND]
    assert await ask(upstream) == "200 second"
    await upstream.close()


async def test_the_gate_passes_on_what_the_upstream_read(desk: Any) -> None:
    headers = await desk.as_key("tickets:view", rate=6000)
    by_status = {502: BROKEN, 504: SLOW}
    for case in CASES:
        if case.method == "HEAD" or HOLD in case.says:
            continue  # no proxied row is a HEAD, and none gives up after 0.2 s
        told = Service()

        async def script(reader: Any, writer: Any, head: bytes, told: Service = told) -> None:
            if not await told._answer(told.says, writer):
                writer.close()
                raise ConnectionError

        desk.ticketing.script, told.says = script, case.says
        try:
            answer = await desk.http.get("/api/tickets/12", headers=headers)
            got = by_status.get(answer.status_code, f"{answer.status_code} {answer.text}")
            strange = {"set-cookie", "x-t", "transfer-coding"} & set(answer.headers)
        except httpx.RemoteProtocolError:  # the head had gone out, and it does not look whole
            got, strange = BROKEN, set()
        assert (got, strange) == (case.ours, set()), case.name
        told.says = [SECOND]
        answer = await desk.http.get("/api/tickets/12", headers=headers)
        assert answer.text == "second", case.name


@pytest.fixture(scope="session")
def nginx_program() -> Path:
    """The program, of the version against which the differences are listed."""
    try:
        found = binary()
    except NoNginx as error:
        pytest.skip(f"there is no nginx: {error}")
    told = subprocess.run([found, "-v"], check=True, capture_output=True, text=True).stderr
    if VERSION not in told:
        pytest.skip(f"the differences are listed against {VERSION}, this is {told.strip()}")
    return found


@pytest.fixture
def nginx(
    service: tuple[Service, int], nginx_program: Path, tmp_path: Path
) -> Iterator[httpx.AsyncClient]:
    """A client of nginx before the service."""
    with Nginx.keeping(tmp_path / "nginx", service[1]) as running:
        yield httpx.AsyncClient(base_url=f"http://127.0.0.1:{running.port}", timeout=2.0)


async def seen_by(client: httpx.AsyncClient, method: str) -> str:
    """What a client of nginx gets."""
    try:
        async with client.stream(method, "/x") as answer:
            body = b"".join([chunk async for chunk in answer.aiter_raw()])
    except (httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.ReadError):
        return BROKEN
    by_status = {502: BROKEN, 504: SLOW}
    return by_status.get(answer.status_code, f"{answer.status_code} {body.decode()}")


async def test_nginx_reads_the_same_but_for_the_differences_that_are_listed(
    service: tuple[Service, int], nginx: httpx.AsyncClient
) -> None:
    told, _ = service
    found = {}
    for case in CASES:
        told.says = case.says
        async with httpx.AsyncClient(base_url=nginx.base_url, timeout=2.0) as client:
            found[case.name] = await seen_by(client, case.method)
            told.says = [SECOND]
            assert await seen_by(client, "GET") == "200 second", case.name
    assert found == {case.name: case.nginx or case.ours for case in CASES}


def test_every_difference_has_its_reason() -> None:
    for case in CASES:
        assert (case.nginx is None) is (case.why is None), case.name
        assert case.nginx != case.ours, case.name

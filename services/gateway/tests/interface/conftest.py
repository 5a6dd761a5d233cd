"""A real gate on a real port before real services; only the store is the one in memory."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from deskstream_chassis.access import Actor
from deskstream_chassis.http.serve import GranianEmbedded
from deskstream_chassis.identity.tokens import KeyCache, TokenSigner, TokenVerifier
from deskstream_tools.local.processes import free_port
from gateway.application.create_key import CreateKey
from gateway.application.open_session import SignedIn
from gateway.bootstrap import Behind, build_gates
from gateway.infra.local_limiter import LocalLimiter
from gateway.infra.signing_keys import load_signing_keys, write_signing_keys
from gateway.infra.upstream import AiohttpUpstream
from gateway.interface.gate.gate import Gate
from gateway.interface.gate.observe import Observer
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.rows import Row
from gateway.interface.http.app import create_inner_app
from gateway.settings import Settings
from gateway.testing import PEPPERS, Cast, Rig, operator

ORIGIN = "https://desk.shop.test"


@dataclass
class Seen:
    """One request as it arrived at a service."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The one value of a header; None without it."""
        found = [value for key, value in self.headers if key.lower() == name]
        assert len(found) <= 1, found
        return found[0] if found else None


Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]
"""What a service does once it has read a request's head; it may read the body itself."""


class Service:
    """A service that takes HTTP from a raw socket, remembers what came and answers as told."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        self.open = 0
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.body = b'{"ok":true}'
        self.script: Script | None = None
        self.address = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Service"]:
        """Bound to a free port while the block lasts."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if self.script is not None:
                    await self.script(reader, writer, head)
                else:
                    await self._answer(reader, writer, head)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.open -= 1
            writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        await self.take(reader, head)
        lines = [f"HTTP/1.1 {self.status} Told", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + self.body)
        await writer.drain()

    async def take(self, reader: asyncio.StreamReader, head: bytes) -> Seen:
        """Read the body that belongs to a head and remember the request."""
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        pairs = [line.partition(":") for line in lines]
        headers = [(name, value.strip()) for name, _, value in pairs]
        seen = Seen(method, target, headers, b"")
        if seen.header("transfer-encoding") == "chunked":
            seen.body = await _chunked(reader)
        elif length := seen.header("content-length"):
            seen.body = await reader.readexactly(int(length))
        self.seen.append(seen)
        return seen


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body


@dataclass
class Desk:
    """A running gate and what stands around it."""

    gate: Gate
    port: int
    ticketing: Service
    people: Cast
    rig: Rig
    signer: TokenSigner
    http: httpx.AsyncClient
    console: Gate
    clients: dict[str, dict[str, str]] = field(default_factory=dict)

    async def as_role(self, role: str) -> dict[str, str]:
        """Headers of a signed-in member of staff with this role, as his browser sends them."""
        if role not in self.clients:
            email = f"{role}@shop.test"
            if role == "admin":
                await self.people.admin(email)
            else:
                await self.people.agent(email, role)  # type: ignore[arg-type]
            self.clients[role] = browser(await self.people.sign_in(email))
        return self.clients[role]

    async def as_key(self, *scopes: str, rate: int | None = None) -> dict[str, str]:
        """Headers of an API key with these scopes."""
        command = CreateKey("integration", scopes, rate_per_minute=rate)
        made = await self.people.app.create_key(command, operator())
        return {"Authorization": f"Bearer {made.secret}"}

    def stop_refilling(self) -> None:
        """No bucket of the limiter refills while the test runs, however slow the machine."""
        self.gate._policy._limiter._clock = lambda: 1000.0

    async def identity(self, seen: Seen, audience: str = "ticketing") -> Actor:
        """The caller that a service reads out of the token it was sent."""

        async def published() -> dict[str, Any]:
            return dict(self.signer.public_set())

        token = seen.header("deskstream-identity")
        assert token is not None
        return await TokenVerifier(KeyCache(published), audience).verify(token)


def browser(opened: SignedIn) -> dict[str, str]:
    """What a page of the desk sends along."""
    return {
        "Cookie": f"__Host-sid={opened.token}",
        "X-CSRF-Token": opened.csrf,
        "Sec-Fetch-Site": "same-origin",
    }


def settings_for(port: int, keys: Path, **more: Any) -> Settings:
    """Settings of a gate on this port."""
    names = (
        "subject_key",
        "session_pepper",
        "key_pepper",
        "audit_key",
        "factor_key",
        "mail_token_key",
    )
    return Settings(
        **{name: secrets.token_hex(32) for name in names},
        database_dsn="postgresql://unused",
        signing_keys_file=keys,
        public_url=ORIGIN,
        allowed_hosts=(f"127.0.0.1:{port}",),
        shutdown_seconds=2,
        **{"webhook_secrets": {"3cx": (secrets.token_hex(32),)}, **more},
    )


@asynccontextmanager
async def running(gate: Gate, port: int) -> AsyncIterator[asyncio.Event]:
    """The gate behind granian until the block ends."""
    stopping = gate.state.stopping = asyncio.Event()
    async with listening(gate, port, stopping):
        yield stopping


@asynccontextmanager
async def listening(app: ASGIApp, port: int, stopping: asyncio.Event) -> AsyncIterator[None]:
    """An application behind granian until the block ends."""
    server = asyncio.create_task(GranianEmbedded(app, "127.0.0.1", port, 2.0).run(stopping))
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                assert not server.done(), server
                await asyncio.sleep(0.01)
            else:
                writer.close()
                break
        yield
    finally:
        stopping.set()
        await server


Starter = Callable[..., Any]


@pytest.fixture
def start(fake_rig: Rig, tmp_path: Path) -> Starter:
    """Starts desks: `async with start(trusted_proxies="127.0.0.1") as desk`."""

    @asynccontextmanager
    async def started(
        observer: Observer | None = None,
        table: Sequence[Row] = TABLE,
        services: Sequence[str] = ("ticketing",),
        **more: Any,
    ) -> AsyncIterator[Desk]:
        port, keys = free_port(), tmp_path / "keys.json"
        if not keys.exists():
            write_signing_keys(keys)
        signer = TokenSigner(load_signing_keys(keys))
        people = Cast(fake_rig)
        await people.support()
        async with Service().serving() as ticketing:
            upstream, limiter = AiohttpUpstream(ticketing.address), LocalLimiter()
            behind = Behind(
                sessions=fake_rig.sessions,
                keys=fake_rig.keys,
                audit=fake_rig.audit,
                limiter=limiter,
                device_pepper=PEPPERS.session,
                inner=create_inner_app(fake_rig.app, limiter),
                upstreams=dict.fromkeys(services, upstream),
                signer=signer,
                clock=fake_rig.clock,
                feed=fake_rig.desk,
            )
            seen_by = observer or Observer(access_log=None, tracing=False)
            gates = build_gates(settings_for(port, keys, **more), behind, seen_by, table)
            gate, url = gates.public, f"http://127.0.0.1:{port}"
            async with running(gate, port), httpx.AsyncClient(base_url=url) as http:
                yield Desk(gate, port, ticketing, people, fake_rig, signer, http, gates.console)
            await upstream.close()

    return started


@pytest.fixture(name="listening")
def give_listening() -> Callable[..., Any]:
    """See `listening`."""
    return listening


@pytest.fixture
async def desk(start: Starter) -> AsyncIterator[Desk]:
    """A gate with its usual settings."""
    async with start() as running_desk:
        yield running_desk


async def raw(port: int, request: bytes, *, half: float = 3.0) -> bytes:
    """Everything that a server says to these bytes until it closes, or for `half` seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    answer = b""
    try:
        async with asyncio.timeout(half):
            while chunk := await reader.read(65536):
                answer += chunk
    except TimeoutError:
        pass
    finally:
        writer.close()
    return answer


@pytest.fixture
def say(desk: Desk) -> Callable[..., Awaitable[bytes]]:
    """Writes raw bytes to the desk's port and returns what comes back."""

    async def said(request: bytes, **more: Any) -> bytes:
        return await raw(desk.port, request, **more)

    return said


@pytest.fixture
def problem() -> Callable[[httpx.Response, int, str], None]:
    """Asserts that an answer is the problem document of this status and code."""

    def check(answer: httpx.Response, status: int, code: str) -> None:
        assert (answer.status_code, answer.headers["content-type"]) == (
            status,
            "application/problem+json",
        ), answer.text
        document = json.loads(answer.content)
        assert document["code"] == code, document
        assert document["status"] == status
        assert document["correlation_id"] == answer.headers["deskstream-correlation"]

    return check

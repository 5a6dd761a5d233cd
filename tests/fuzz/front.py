"""The real gate in this process, before a service that only remembers what reached it."""

import asyncio
import secrets
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.types import Message

from deskstream_chassis.access import Actor
from deskstream_chassis.clock import FixedClock
from deskstream_chassis.identity.tokens import TokenSigner
from gateway.application.create_key import CreateKey
from gateway.application.upstream import UpstreamRequest
from gateway.bootstrap import Behind, Gates, build_gates
from gateway.infra.local_limiter import LocalLimiter
from gateway.infra.memory.desk import FakeDesk
from gateway.infra.memory.gateway import FakeKeys
from gateway.infra.memory.issuer import FakeIssuer
from gateway.infra.signing_keys import load_signing_keys, write_signing_keys
from gateway.interface.gate.gate import Gate
from gateway.interface.gate.observe import Observer
from gateway.interface.gate.routes import TABLE
from gateway.interface.http.app import create_inner_app
from gateway.settings import Settings
from gateway.testing import (
    NINE,
    PEPPERS,
    Cast,
    FakeGateway,
    Rig,
    cheap_app,
    operator,
    signed_in,
)

HOST = b"desk.shop.test"
ORIGIN = "https://desk.shop.test"
HOUR = 3600.0
PATIENCE = 20.0
"""Seconds after which an answer that does not come is a finding."""
KEYS = (
    *("subject_key", "session_pepper", "key_pepper", "audit_key", "mail_token_key"),
    "factor_key",
)
SERVED = tuple(replace(row, served=True) if row.access.webhook else row for row in TABLE)
"""The table with the entries of vendors open."""
OWNERS = ("ticketing", "notifier", "customer-identity", "commerce-gateway", "rag")

Headers = Iterable[tuple[bytes, bytes]]


class Heard:
    """The answer of a service: empty and content."""

    status = 200
    headers = ((b"content-type", b"application/json"), (b"content-length", b"2"))

    async def whole(self) -> bytes:
        return b"{}"

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"{}"

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Listener:
    """A service that hears everything and answers well."""

    heard: list[UpstreamRequest] = field(default_factory=list)

    async def send(self, request: UpstreamRequest) -> Heard:
        self.heard.append(request)
        return Heard()

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Seen:
    """What came of a request: its status (0: none), and what a service heard of it."""

    status: int
    heard: Sequence[UpstreamRequest]


@dataclass
class Front:
    """Everything that an attack needs, with good proofs of its own to start from."""

    gates: Gates
    behind: Listener
    signer: TokenSigner
    now: float
    cookie: bytes
    """The good session of an agent."""
    key: bytes
    """A good key for tickets."""
    actor: Actor
    """Whose session it is."""
    webhooks: dict[str, str]

    async def ask(
        self,
        headers: Headers,
        *,
        method: str = "GET",
        path: bytes = b"/api/tickets",
        body: bytes = b"",
        gate: Gate | None = None,
    ) -> Seen:
        """One request as granian would hand it over. Raises TimeoutError where none is answered."""
        self.behind.heard.clear()
        sent: list[Message] = []
        left = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return left.pop() if left else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        raw, _, query = path.partition(b"?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw.decode("latin-1"), errors="replace"),
            "raw_path": raw,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", HOST), *headers],
            "client": ("192.0.2.7", 4711),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        async with asyncio.timeout(PATIENCE):
            await (gate or self.gates.public)(scope, receive, send)
        started = [m for m in sent if m["type"] == "http.response.start"]
        return Seen(started[0]["status"] if started else 0, list(self.behind.heard))


async def front() -> Front:
    """A gate over the fake store, whose limits never bite."""
    clock = FixedClock(NINE)
    fake, desk = FakeGateway(clock, PEPPERS), FakeDesk()
    app = cheap_app(fake, fake, fake, clock, issuer=FakeIssuer(), desk=desk.ports)
    rig = Rig(clock, app, fake, fake, fake, FakeKeys(fake), fake, FakeIssuer(), desk, fake=fake)
    people = Cast(rig)
    await people.support()
    await people.agent("ada@shop.test")
    opened = await people.sign_in("ada@shop.test")
    made = await app.create_key(CreateKey("fuzz", ("tickets:view",)), operator())
    ticks = count()
    limiter = LocalLimiter(clock=lambda: next(ticks) * HOUR)
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys.json"
        write_signing_keys(keys)
        signer = TokenSigner(load_signing_keys(keys))
        webhooks = {
            "3cx": secrets.token_hex(20),
            "shopify": secrets.token_hex(20),
            "quickbooks": secrets.token_hex(20),
            "mail": "whsec_" + b64encode(secrets.token_bytes(32)).decode(),
        }
        settings = Settings(
            **{name: secrets.token_hex(32) for name in KEYS},  # type: ignore[arg-type]
            database_dsn="postgresql://unused",
            signing_keys_file=keys,
            public_url=ORIGIN,
            webhook_secrets={name: (secret,) for name, secret in webhooks.items()},
        )
    behind = Listener()
    parts = Behind(
        sessions=fake,
        keys=FakeKeys(fake),
        audit=fake,
        limiter=limiter,
        device_pepper=PEPPERS.session,
        inner=create_inner_app(app, limiter),
        upstreams=dict.fromkeys(OWNERS, behind),
        signer=signer,
        clock=clock,
        feed=desk,
    )
    gates = build_gates(settings, parts, Observer(access_log=None, tracing=False), SERVED)
    return Front(
        gates,
        behind,
        signer,
        clock.now().timestamp(),
        opened.token.encode(),
        made.secret.encode(),
        signed_in(opened).actor,
        webhooks,
    )

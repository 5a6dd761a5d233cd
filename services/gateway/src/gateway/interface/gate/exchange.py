"""One request and its answer: whatever is answered leaves through here, with the same headers."""

import json
import time
from collections.abc import Iterable, Sequence

from opentelemetry.trace import Span
from starlette.types import Message, Scope, Send
from uuid_utils import uuid7

from deskstream_chassis.http.problem import MEDIA_TYPE, Problem
from gateway.interface.gate.body import Incoming
from gateway.interface.gate.credentials import Principal
from gateway.interface.gate.headers import PASSED_BACK, POLICY, SECURITY
from gateway.interface.gate.rows import Row

Headers = Sequence[tuple[bytes, bytes]]

CORRELATION = b"deskstream-correlation"
LIMIT = b"ratelimit"
_OWN_LIMITS = frozenset({LIMIT, b"ratelimit-policy"})
_OWN_PAGES = frozenset({b"set-cookie", b"content-security-policy"})


class Exchange:
    """Facts about a request as they become known, and the only way to answer it."""

    __slots__ = (
        "address",
        "began",
        "cookie",
        "correlation",
        "device",
        "incoming",
        "limit_headers",
        "method",
        "principal",
        "row",
        "scope",
        "send",
        "span",
        "status",
    )

    def __init__(self, scope: Scope, send: Send) -> None:
        self.began = time.perf_counter()
        self.scope = scope
        self.send = send
        self.method: str = scope["method"]
        self.correlation = str(uuid7())
        self.row: Row | None = None
        self.principal: Principal | None = None
        self.incoming: Incoming | None = None
        self.address = ""
        self.device: str | None = None
        self.limit_headers: Headers = ()
        self.cookie: bytes | None = None
        """`Set-Cookie` of a session whose token was replaced."""
        self.span: Span | None = None
        self.status = 0

    async def start(
        self, status: int, headers: Iterable[tuple[bytes, bytes]], policy: Headers = (POLICY,)
    ) -> None:
        """Send the head: the given headers, and those that every answer carries."""
        self.status = status
        correlation = (CORRELATION, self.correlation.encode())
        own = [*headers, *policy, *SECURITY, *self.limit_headers, correlation]
        if self.cookie is not None:
            own.append((b"set-cookie", self.cookie))
        await self.send({"type": "http.response.start", "status": status, "headers": own})

    async def body(self, chunk: bytes, *, more: bool = False) -> None:
        """Send a part of the body. Before the last byte ends the answer, what the client still
        sends is taken off the wire, so that he gets to read it: a server closes at the last byte.
        """
        if not more and self.incoming is not None and not self.incoming.over:
            await self.send({"type": "http.response.body", "body": chunk[:-1], "more_body": True})
            await self.incoming.drain()
            chunk = chunk[-1:]
        await self.send({"type": "http.response.body", "body": chunk, "more_body": more})

    async def answer(self, status: int, body: bytes, media_type: bytes) -> None:
        """A whole answer of our own."""
        length = str(len(body)).encode()
        await self.start(status, [(b"content-length", length), (b"content-type", media_type)])
        await self.body(b"" if self.method == "HEAD" else body)

    async def refuse(self, problem: Problem) -> None:
        """Answer with a problem document; nothing may have been answered before."""
        body = json.dumps(problem.body(self.correlation), ensure_ascii=False).encode()
        headers = [
            (name.lower().encode(), value.encode())
            for name, value in (problem.headers or {}).items()
        ]
        headers.append((b"content-length", str(len(body)).encode()))
        headers.append((b"content-type", MEDIA_TYPE.encode()))
        await self.start(problem.status, headers)
        await self.body(b"" if self.method == "HEAD" else body)

    async def pass_inner(self, message: Message) -> None:
        """`send` for the gateway's own application: cookies, a page's policy and the limit of an
        account, which goes before that of the gate, may pass."""
        if message["type"] != "http.response.start":
            more = message.get("more_body", False)
            await self.body(message.get("body", b""), more=more)
            return
        headers = message.get("headers", ())
        kept = [(n, v) for n, v in headers if n in PASSED_BACK or n in _OWN_PAGES]
        if any(name == LIMIT for name, _ in headers):
            self.limit_headers = [(n, v) for n, v in headers if n in _OWN_LIMITS]
        own_policy = any(name == POLICY[0] for name, _ in kept)
        await self.start(message["status"], kept, () if own_policy else (POLICY,))


def passed_back(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What of a service's headers a client gets."""
    found = []
    for name, value in headers:
        lower = name.lower()
        if lower in PASSED_BACK:
            found.append((lower, value))
    return found

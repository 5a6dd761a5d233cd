"""For tests of services' HTTP: callers by name in front of a real app, real gate included."""

import json
from collections.abc import MutableMapping
from typing import Any
from uuid import UUID

from starlette.types import ASGIApp, Message, Scope

from deskstream_chassis.access import Actor, Role, system
from deskstream_chassis.http.context import header
from deskstream_chassis.http.problem import unauthenticated, unavailable

TEAM = UUID(int=7)
CALLERS: dict[str, Actor] = {
    "viewer": Actor("user", str(UUID(int=1)), Role.VIEWER, frozenset({TEAM})),
    "agent": Actor("user", str(UUID(int=2)), Role.AGENT, frozenset({TEAM})),
    "manager": Actor("user", str(UUID(int=3)), Role.MANAGER),
    "admin": Actor("user", str(UUID(int=4)), Role.ADMIN),
    "nobody": Actor("user", str(UUID(int=5)), None),
    "key": Actor("key", "k1", scopes=frozenset({"tickets:view", "users:read"})),
    "other-key": Actor("key", "k2", scopes=frozenset({"cron:outbox"})),
    "gateway": system("gateway"),
    "timer": system("timer"),
}
"""Callers to act as, by the name that the `As` header gives."""


async def by_name(scope: Scope) -> Actor:
    """An `authenticate` for create_app: the caller named by header `As`; 401 for no such name."""
    name = header(scope, "As")
    if name == "keys-missing":
        raise unavailable("identity_keys_unavailable")
    if name is None or name not in CALLERS:
        raise unauthenticated()
    return CALLERS[name]


async def call(
    app: ASGIApp, method: str, path: str, body: bytes | list[bytes] = b"", **headers: str
) -> "Answer":
    """Send one request straight to an ASGI app (underscores in header names become dashes).

    Unlike an HTTP client it tells whether the app has read the body: `Answer.chunks_read`.
    """
    chunks = [body] if isinstance(body, bytes) else list(body)
    path, _, query = path.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(k.replace("_", "-").lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("tests", 80),
        "state": {},
    }
    answer = Answer()

    async def receive() -> Message:
        if answer.chunks_read >= len(chunks):
            return {"type": "http.disconnect"}
        chunk = chunks[answer.chunks_read]
        answer.chunks_read += 1
        more = answer.chunks_read < len(chunks)
        return {"type": "http.request", "body": chunk, "more_body": more}

    await app(scope, receive, answer.take)
    return answer


class Answer:
    """What an app has sent."""

    def __init__(self) -> None:
        self.chunks_read = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = b""

    async def take(self, message: Message) -> None:
        """ASGI send."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        elif message["type"] == "http.response.body":
            self.content += message.get("body", b"")

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.content)

"""Everybody who may come to the door, and how he asks for any route."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import asyncpg
import httpx
from e2e.access import Line
from e2e.people import PASSWORD, Desk, own_address
from joserfc.jwk import KeySet
from prometheus_client.parser import text_string_to_metric_families

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.identity.tokens import TokenSigner
from deskstream_tools.demo.http import Session
from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack
from gateway.domain.api_key import ALPHABET, ID_LENGTH, SECRET_LENGTH, spell

REFUSALS = {"unauthenticated", "forbidden", "csrf_token", "cross_site", "step_up_required"}
PATIENCE = 20.0
"""Seconds for the head of a stream's answer."""
STREAMS = {"/api/realtime"}
GOOD: dict[str, dict[str, Any]] = {
    "PUT /api/tickets/{id}": {"json": {"priority": "high"}, "headers": {"If-Match": '"1"'}},
    "POST /api/tickets/{id}/comments": {"json": {"body_text": "x"}},
    "POST /api/tickets/{id}/attachments": {"files": {"file": ("a.txt", b"a", "text/plain")}},
    "DELETE /api/tickets/{id}": {"headers": {"If-Match": '"1"'}},
    "POST /api/tickets/{id}/reply": {"json": {"body_text": "x"}},
    "PUT /api/tickets/{id}/replies/{reply_id}": {
        "json": {"body_text": "x"},
        "headers": {"If-Match": '"1"'},
    },
    "POST /api/tickets/{id}/split": {"json": {"message_ids": [str(uuid4())]}},
    "POST /api/tickets/{id}/snooze": {"json": {"until": "2098-01-01T09:00:00Z"}},
}
"""What a row about a ticket takes, where an empty document is refused before the ticket is read."""


@dataclass(frozen=True)
class Answer:
    """What came back, as far as it matters here."""

    line: Line
    status: int
    code: str | None

    @property
    def admitted(self) -> bool:
        """Somebody looked into what was asked, and nothing broke."""
        return self.status < 500 and self.code not in REFUSALS and self.status != 429

    def __str__(self) -> str:
        return f"{self.line}: {self.status} {self.code or ''}"


@dataclass
class Things:
    """What routes are asked about: a ticket of team Support with a reply and a file."""

    ticket: str
    reply: str
    attachment: str

    def url(self, path: str, ticket: str | None = None) -> str:
        """A route's path about these; names of other things are made up."""
        if path.startswith("/api/attachments/"):
            return path.replace("{id}", self.attachment)
        if "/tickets/{id}" in path:
            path = path.replace("{id}", ticket or self.ticket)
        named = {"reply_id": self.reply, "service": "ticketing", "panel": "orders"}
        named |= {"vendor": "shopify", "topic": "orders-create"}
        if path.startswith("/api/keys/"):
            named["id"] = "A" * ID_LENGTH
        return re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], str(uuid4())), path)


@dataclass
class Asker:
    """Somebody, by what he sends along."""

    name: str
    session: Session
    headers: Callable[[], dict[str, str]] = dict

    async def ask(self, line: Line, url: str, *, good: bool = False) -> Answer:
        """One request from an address that nobody else has, with an empty document or (`good`) one
        that the route takes."""
        if line.path in STREAMS:
            async with asyncio.timeout(PATIENCE):
                opened = await self.session.listen()
            opened.reset()
            if opened.status == 200:
                return Answer(line, opened.status, None)
        more: dict[str, Any] = {} if line.method in ("GET", "HEAD", "DELETE") else {"json": {}}
        if good:
            more = {**GOOD.get(str(line), more)}
        headers = {"X-Forwarded-For": own_address(), **more.pop("headers", {}), **self.headers()}
        answer = await self.session.send(line.method, url, headers=headers, **more)
        return Answer(line, answer.status_code, code_of(answer))


def code_of(answer: httpx.Response) -> str | None:
    """The problem's code; None for any other answer."""
    if answer.headers.get("content-type") != "application/problem+json" or not answer.content:
        return None
    code: str = answer.json()["code"]
    return code


def unknown_key() -> str:
    """A key as ours are spelt, which was never given."""

    def letters(count: int) -> str:
        return "".join(secrets.choice(ALPHABET) for _ in range(count))

    return spell(letters(ID_LENGTH), letters(SECRET_LENGTH))


def signer(stack: Stack, now: Callable[[], float] = time.time) -> TokenSigner:
    """Signs identities with the stack's own keys."""
    path = Path(stack.env("gateway")["GATEWAY_SIGNING_KEYS_FILE"])
    return TokenSigner(KeySet.import_key_set(json.loads(path.read_text())), now=now)


def an_admin() -> Actor:
    """An admin as an identity would name him."""
    return Actor("user", str(uuid4()), role=Role.ADMIN, session="s")


def strangers(desk: Desk, tokens: dict[str, str]) -> list[Asker]:
    """Those who prove nothing; `tokens` are internal identities made for others."""
    proofs: dict[str, Callable[[], dict[str, str]]] = {
        "anonymous": dict,
        "a garbage cookie": lambda: {"Cookie": "__Host-sid=garbage"},
        "an unknown session": lambda: {"Cookie": f"__Host-sid={secrets.token_urlsafe(32)}"},
        "a garbage key": lambda: {"Authorization": "Bearer ds_live_abc_def_ghi"},
        "an unknown key": lambda: {"Authorization": f"Bearer {unknown_key()}"},
    }
    for name, token in tokens.items():
        proofs[f"{name} as a key"] = partial(dict, Authorization=f"Bearer {token}")
        proofs[f"{name} as an identity"] = partial(dict, {"Deskstream-Identity": token})
    return [Asker(name, desk.visitor(), headers) for name, headers in proofs.items()]


async def expired(desk: Desk, stack: Stack) -> Asker:
    """An admin whose session was not used for 31 minutes."""
    member = await desk.join("admin")
    await age(stack, "last_seen_at", 31, member.id)
    return Asker("an expired session", member.session)


async def long_proven(desk: Desk, stack: Stack) -> Asker:
    """An admin who gave his password eleven minutes ago, and does not give it again."""
    member = await desk.join("admin")
    headers = await desk.browser(member)
    await age(stack, "proven_at", 11, member.id)
    return Asker("an admin of long ago", desk.visitor(), partial(dict, headers))


async def age(
    stack: Stack, column: Literal["last_seen_at", "proven_at"], by: int, who: str
) -> None:
    """Let `by` minutes pass for somebody's sessions alone."""
    connection = await asyncpg.connect(stack.dsn("gateway"))
    try:
        statement = f"update session set {column} = {column} - $1::interval where user_id = $2"
        await connection.execute(statement, timedelta(minutes=by), who)
    finally:
        await connection.close()


async def suspended(desk: Desk) -> Asker:
    """An admin who was suspended while he was signed in."""
    member = await desk.join("admin")
    path = f"/api/admin/users/{member.id}/status"
    await desk.admin.call("POST", path, 200, json={"status": "suspended"})

    async def out() -> bool | None:
        return (await member.session.send("GET", "/api/auth/session")).status_code == 401 or None

    await eventually("the suspended admin to be out", out)
    return Asker("a suspended user", member.session)


async def staff(desk: Desk, role: str) -> Asker:
    """A member of team Support."""
    return Asker(role, (await desk.member(role)).session)


async def signed_in_once_more(desk: Desk, role: str) -> Asker:
    """The same member in another browser, for what ends the session that asks."""
    member, session = await desk.member(role), desk.visitor()
    await session.sign_in(member.email, PASSWORD)
    return Asker(role, session)


async def things(desk: Desk) -> Things:
    """A fresh set."""
    ticket = (await desk.ticket())["id"]
    path = f"/api/tickets/{ticket}"
    file: dict[str, Any] = {"file": ("note.txt", b"twelve drums", "text/plain")}
    uploaded = await desk.admin.json("POST", f"{path}/attachments", 201, files=file)
    queued = await desk.admin.json("POST", f"{path}/reply", 202, json={"body_text": "Twelve."})
    return Things(ticket, queued["reply_id"], uploaded["id"])


async def heard_by(desk: Desk, stack: Stack) -> dict[str, int]:
    """How many requests each service behind the gateway has had so far."""
    heard = {}
    for service in ("ticketing", "notifier"):
        url = f"{stack.settings.url(f'{service}-ops')}/metrics"
        text = (await desk.client.get(url)).text
        heard[service] = sum(
            int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "http_server_request_duration_seconds_count"
        )
    return heard

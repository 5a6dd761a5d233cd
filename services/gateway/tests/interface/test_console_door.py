"""Console acts for the session of the page that it answers, at a listener of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.identity.tokens import TokenSigner
from deskstream_tools.local.processes import free_port
from gateway.infra.signing_keys import load_signing_keys
from gateway.interface.gate.console import ConsoleDoor
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.rows import make_row
from gateway.testing import operator

Check = Callable[[httpx.Response, int, str], None]
PAGE = make_row(
    "GET", "/desk", "session", "api", upstream="console", unserved=frozenset(), reasons={}
)


@dataclass
class Console:
    """The two listeners of a gate, and what console does with them."""

    desk: Any
    http: httpx.AsyncClient
    keys: Path

    async def opened(self, role: str) -> dict[str, str]:
        """Someone opens a page: the headers with which console may speak for him."""
        browser = await self.desk.as_role(role)
        await self.desk.http.get("/desk", headers={"Cookie": browser["Cookie"]})
        token = self.desk.ticketing.seen.pop().header("deskstream-identity")
        return {"Authorization": f"Bearer {token}"}

    async def actor(self, role: str) -> Actor:
        """The caller in the token of such a page."""
        await self.desk.http.get("/desk", headers=await self.desk.as_role(role))
        found: Actor = await self.desk.identity(self.desk.ticketing.seen.pop(), "console")
        return found


@pytest.fixture
async def console(start: Any, listening: Any, tmp_path: Path) -> AsyncIterator[Console]:
    """A gate with a page of console's and the listener for it."""
    port = free_port()
    services, table = ("ticketing", "console"), (*TABLE, PAGE)
    async with (
        start(services=services, table=table, internal_port=port) as desk,
        listening(ConsoleDoor(desk.console), port, asyncio.Event()),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        yield Console(desk, http, tmp_path / "keys.json")


async def test_the_token_of_a_page_speaks_for_its_session(console: Console) -> None:
    proof = await console.opened("agent")
    me = await console.http.get("/api/auth/session", headers=proof)
    assert me.json()["user"]["email"] == "agent@shop.test"
    answer = await console.http.get("/api/tickets/12", headers=proof)
    assert answer.status_code == 200
    (seen,) = console.desk.ticketing.seen
    found = await console.desk.identity(seen)
    assert (found.role, found.session) == (Role.AGENT, (await console.actor("agent")).session)
    assert seen.header("authorization") is None


async def test_a_change_needs_no_header_token_but_the_same_right(
    console: Console, problem: Check
) -> None:
    for role, status in (("agent", 200), ("viewer", 403)):
        proof = await console.opened(role)
        answer = await console.http.post("/api/tickets", headers=proof, json={})
        assert answer.status_code == status
    proof = await console.opened("agent")
    problem(await console.http.get("/api/audit", headers=proof), 403, "forbidden")


async def test_nothing_else_proves_anybody_here(console: Console, problem: Check) -> None:
    browser = await console.desk.as_role("admin")
    admin = await console.actor("admin")
    signer, keys = console.desk.signer, load_signing_keys(console.keys)
    old = TokenSigner(keys, now=lambda: time.time() - 61)
    key = Actor("key", "abc", scopes=frozenset({"tickets:create"}))
    nobody = Actor("user", admin.id, Role.ADMIN)
    proofs = [
        {},
        browser,
        await console.desk.as_key("tickets:create"),
        {"Deskstream-Identity": signer.sign(admin, "console")},
        *(
            {"Authorization": f"Bearer {token}"}
            for token in (
                "garbage",
                "x" * 9000,
                signer.sign(admin, "ticketing"),
                old.sign(admin, "console"),
                signer.sign(key, "console"),
                signer.sign(nobody, "console"),
            )
        ),
    ]
    for proof in proofs:
        for method, path in (("GET", "/api/tickets/12"), ("POST", "/api/tickets")):
            answer = await console.http.request(method, path, headers=proof)
            problem(answer, 401, "unauthenticated")
    assert console.desk.ticketing.seen == []


async def test_a_foreign_session_in_a_token_is_refused(console: Console, problem: Check) -> None:
    agent, admin = await console.actor("agent"), await console.actor("admin")
    mixed = Actor("user", agent.id, agent.role, agent.teams, session=admin.session)
    token = console.desk.signer.sign(mixed, "console")
    answer = await console.http.get("/api/users", headers={"Authorization": f"Bearer {token}"})
    problem(answer, 401, "unauthenticated")


async def test_the_token_proves_nothing_at_the_public_listener(
    console: Console, problem: Check
) -> None:
    proof = await console.opened("agent")
    assert (await console.http.get("/api/tickets", headers=proof)).status_code == 200
    token = proof["Authorization"].removeprefix("Bearer ")
    session = (await console.actor("agent")).session
    for headers in (
        proof,
        {"Cookie": f"__Host-sid={token}"},
        {"Cookie": f"__Host-sid={session}"},
        {"Deskstream-Identity": token},
    ):
        answer = await console.desk.http.get("/api/tickets", headers=headers)
        problem(answer, 401, "unauthenticated")
    assert len(console.desk.ticketing.seen) == 1


async def test_a_session_that_ended_ends_its_tokens(console: Console, problem: Check) -> None:
    proof = await console.opened("agent")
    assert (await console.http.get("/api/users", headers=proof)).status_code == 200
    browser = await console.desk.as_role("agent")
    signed_out = await console.desk.http.post("/api/auth/logout", headers=browser)
    assert signed_out.status_code == 204
    problem(await console.http.get("/api/users", headers=proof), 401, "unauthenticated")


async def test_the_rights_are_those_of_this_moment(console: Console, problem: Check) -> None:
    proof = await console.opened("manager")
    assert (await console.http.get("/api/admin/users", headers=proof)).status_code == 200
    user_id = await console.desk.people.id_of("manager@shop.test")
    await console.desk.people.change(operator(), user_id, "active", role="viewer")
    console.desk.gate._credentials.forget_all()  # five seconds pass
    refused = await console.http.get("/api/admin/users", headers=proof)
    problem(refused, 403, "forbidden")
    assert "set-cookie" not in refused.headers
    await console.desk.people.change(operator(), user_id, "suspended")
    console.desk.gate._credentials.forget_all()
    problem(await console.http.get("/api/users", headers=proof), 401, "unauthenticated")


async def test_a_store_that_is_down_refuses(console: Console, problem: Check) -> None:
    proof = await console.opened("agent")
    console.desk.rig.fake.down = True
    problem(await console.http.get("/api/users", headers=proof), 503, "store_unavailable")


async def test_both_listeners_count_together(console: Console, problem: Check) -> None:
    console.desk.stop_refilling()
    proof = await console.opened("manager")
    browser = await console.desk.as_role("manager")
    for client, headers in ((console.http, proof), (console.desk.http, browser)):
        for _ in range(10):
            assert (await client.get("/api/admin/users", headers=headers)).status_code == 200
    problem(await console.http.get("/api/admin/users", headers=proof), 429, "rate_limited")


async def test_a_fresh_proof_is_asked_for_as_of_the_browser(
    console: Console, problem: Check
) -> None:
    await console.desk.as_role("admin")
    console.desk.rig.clock.advance(minutes=11)
    proof = await console.opened("admin")
    body = {"name": "shop", "scopes": ["tickets:create"]}
    answer = await console.http.post("/api/keys", headers=proof, json=body)
    problem(answer, 403, "step_up_required")


async def test_what_may_change_the_cookie_is_for_the_browser(
    console: Console, problem: Check
) -> None:
    proof = await console.opened("agent")
    for path in ("login", "logout", "step-up", "change-password"):
        stranger = await console.http.post(f"/api/auth/{path}", json={})
        problem(stranger, 401, "unauthenticated")
        answer = await console.http.post(f"/api/auth/{path}", headers=proof, json={})
        problem(answer, 403, "browser_only")
        assert "set-cookie" not in answer.headers
    assert (await console.http.get("/api/auth/sessions", headers=proof)).status_code == 200


@pytest.mark.parametrize("path", ["start", "start?link=1", "callback?state=x"])
async def test_a_walk_to_the_issuer_is_for_the_browser(
    console: Console, problem: Check, path: str
) -> None:
    proof = await console.opened("agent")
    answer = await console.http.get(f"/api/auth/oidc/{path}", headers=proof)
    problem(answer, 403, "browser_only")
    assert "set-cookie" not in answer.headers


async def test_public_rows_need_the_token_here_and_webhooks_do_not_exist(
    console: Console, problem: Check
) -> None:
    proof = await console.opened("agent")
    problem(await console.http.get("/api/health"), 401, "unauthenticated")
    assert (await console.http.get("/api/health", headers=proof)).status_code == 200
    problem(await console.http.get("/docs", headers=proof), 404, "not_found")

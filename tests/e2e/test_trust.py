"""Every served route, asked by those who may not: at the gateway and straight at its service."""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from e2e.people import Desk, own_address
from joserfc.jwk import KeySet, OKPKey

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.identity.tokens import HEADER, TokenSigner
from deskstream_tools.local.stack import Stack

PUBLIC = {
    ("GET", "/api/health"): "liveness",
    ("HEAD", "/api/health"): "liveness",
    ("GET", "/api/robots"): "for crawlers",
    ("GET", "/api/sitemap"): "for crawlers",
    ("GET", "/api/security-txt"): "RFC 9116",
    ("POST", "/api/auth/register"): "before any session",
    ("POST", "/api/auth/login"): "before any session",
    ("POST", "/api/auth/verify-email"): "proof is the mailed token",
    ("POST", "/api/auth/resend-verification"): "before any session",
    ("GET", "/verify-email"): "a page whose button posts",
    ("POST", "/api/auth/forgot-password"): "asked by those who cannot sign in",
    ("POST", "/api/auth/reset-password"): "proof is the mailed token; signs nobody in",
    ("GET", "/reset-password"): "a page whose button posts",
}


@pytest.fixture(scope="session")
def rows(stack: Stack) -> list[dict[str, Any]]:
    done = stack.run("gateway", "routes", "--json")
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def url(path: str) -> str:
    filled = path.replace("{reply_id}", str(uuid4()))
    while "{" in filled:
        start, end = filled.index("{"), filled.index("}")
        filled = filled[:start] + str(uuid4()) + filled[end + 1 :]
    return filled


def without_names(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer but for correlation id, date and RateLimit."""
    own = {"deskstream-correlation", "date", "ratelimit", "ratelimit-policy"}
    body = answer.json()
    body.pop("correlation_id")
    headers = {k: v for k, v in answer.headers.items() if k not in own}
    return answer.status_code, body, headers


def test_the_public_rows_are_these_and_no_others(rows: list[dict[str, Any]]) -> None:
    assert {(r["method"], r["path"]) for r in rows if r["access"] == "public"} == set(PUBLIC)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "__Host-sid=forged"},
        {"Authorization": "Bearer ds_live_abc_def_ghi"},
        {"Deskstream-Identity": "x.y.z"},
    ],
    ids=["nothing", "forged cookie", "forged key", "an identity of one's own"],
)
async def test_without_a_session_every_other_row_is_401(
    desk: Desk, rows: list[dict[str, Any]], headers: dict[str, str]
) -> None:
    wrong = []
    for row in rows:
        if (row["method"], row["path"]) in PUBLIC:
            continue
        answer = await desk.client.request(
            row["method"],
            f"{desk.target.gateway_url}{url(row['path'])}",
            headers={
                **headers,
                "Origin": desk.target.public_url,
                "X-Forwarded-For": own_address(),
            },
        )
        if answer.status_code not in (400, 401) or (
            answer.status_code == 400 and "Deskstream-Identity" not in headers
        ):
            wrong.append((row["method"], row["path"], answer.status_code))
    assert wrong == []


def signer(stack: Stack, now: float | None = None) -> TokenSigner:
    path = Path(stack.env("gateway")["GATEWAY_SIGNING_KEYS_FILE"])
    keys = KeySet.import_key_set(json.loads(path.read_text()))
    return TokenSigner(keys, now=(lambda: now) if now else time.time)


async def test_straight_at_a_service_only_a_fresh_token_for_it_counts(
    desk: Desk, stack: Stack, rows: list[dict[str, Any]]
) -> None:
    stranger = OKPKey.generate_key("Ed25519", {"kid": "other"}, private=True)
    admin = Actor("user", str(uuid4()), role=Role.ADMIN, session="s")
    tokens = {
        "none": None,
        "garbage": "a.b.c",
        "forged": TokenSigner(KeySet([stranger])).sign(admin, "ticketing"),
        "another audience": signer(stack).sign(admin, "notifier"),
        "expired": signer(stack, time.time() - 120).sign(admin, "ticketing"),
    }
    base = stack.settings.url("ticketing-api")
    wrong = []
    for row in rows:
        if row["service"] != "ticketing":
            continue
        for name, token in tokens.items():
            headers = {HEADER: token} if token else {}
            answer = await desk.client.request(
                row["method"], f"{base}{url(row['path'])}", headers=headers
            )
            if answer.status_code != 401:
                wrong.append((name, row["method"], row["path"], answer.status_code))
    assert wrong == []


async def test_lower_roles_are_refused_what_asks_for_a_higher_one(
    desk: Desk, rows: list[dict[str, Any]]
) -> None:
    ranks = {"viewer": 0, "agent": 1, "manager": 2, "admin": 3}
    wrong = []
    for role in ("viewer", "agent", "manager"):
        member = await desk.member(role)
        for row in rows:
            wanted = row["access"].removeprefix("role:")
            if wanted in ranks and ranks[role] < ranks[wanted]:
                answer = await member.session.send(row["method"], url(row["path"]), json={})
                if answer.status_code != 403:
                    wrong.append((role, row["method"], row["path"], answer.status_code))
    assert wrong == []


async def test_a_key_reaches_only_what_its_scopes_name(
    desk: Desk, rows: list[dict[str, Any]]
) -> None:
    key = await desk.key("cron:outbox")
    wrong = []
    for row in rows:
        if (row["method"], row["path"]) in PUBLIC or row["access"] == "cron":
            continue
        answer = await key.send(row["method"], url(row["path"]), json={})
        if answer.status_code != 403:
            wrong.append((row["method"], row["path"], answer.status_code))
    assert wrong == []


async def test_a_ticket_one_may_not_see_answers_as_one_that_is_not_there(desk: Desk) -> None:
    outsider = await desk.member("agent", teams=[], kind="outsider")
    team = (await desk.admin.json("GET", "/api/teams", 200))["items"][0]["id"]
    await desk.admin.call("PUT", f"/api/admin/users/{outsider.id}/teams", 200, json={"teams": []})
    ticket = await desk.ticket(team_id=team)
    for method, tail, body in (
        ("GET", "", None),
        ("GET", "/comments", None),
        ("POST", "/comments", {"body_text": "x"}),
        ("POST", "/reply", {"body_text": "x"}),
        ("POST", "/reopen", {}),
    ):
        seen = [
            await outsider.session.send(method, f"/api/tickets/{which}{tail}", json=body)
            for which in (ticket["id"], uuid4())
        ]
        assert seen[0].status_code == 404
        assert without_names(seen[0]) == without_names(seen[1])


async def test_a_viewer_looks_and_does_not_touch(desk: Desk) -> None:
    viewer = await desk.member("viewer")
    ticket = await desk.ticket()
    path = f"/api/tickets/{ticket['id']}"
    await desk.admin.call("POST", f"{path}/comments", 201, json={"body_text": "internal"})
    assert "internal" not in (await viewer.session.call("GET", path, 200)).text
    assert "internal" not in (await viewer.session.call("GET", f"{path}/comments", 200)).text
    for tail, body in (("reply", {"body_text": "x"}), ("comments", {"body_text": "x"})):
        await viewer.session.call("POST", f"{path}/{tail}", 403, json=body)
    await viewer.session.call("POST", f"{path}/reopen", 403, json={})


async def test_a_key_sees_the_tickets_it_opened_and_no_others(desk: Desk) -> None:
    one, two = [await desk.key("tickets:create", "tickets:view") for _ in range(2)]
    ticket = await desk.ticket(one)
    await one.call("GET", f"/api/tickets/{ticket['id']}", 200)
    await two.call("GET", f"/api/tickets/{ticket['id']}", 404)
    everyone = await desk.key("tickets:view:all")
    await everyone.call("GET", f"/api/tickets/{ticket['id']}", 200)


async def test_a_revoked_key_is_refused_within_five_seconds(desk: Desk) -> None:
    made = await desk.new_key("tickets:create")
    key = desk.visitor(made["secret"])
    await desk.ticket(key)
    await desk.admin.call("DELETE", f"/api/keys/{made['id']}", 204)
    end = time.monotonic() + 6
    while (await key.send("POST", "/api/tickets", json={})).status_code != 401:
        assert time.monotonic() < end


async def test_a_suspended_agent_is_out_within_five_seconds(desk: Desk) -> None:
    member = await desk.join("agent")
    await desk.admin.call(
        "POST", f"/api/admin/users/{member.id}/status", 200, json={"status": "suspended"}
    )
    end = time.monotonic() + 6
    while (await member.session.send("GET", "/api/tickets")).status_code != 401:
        assert time.monotonic() < end

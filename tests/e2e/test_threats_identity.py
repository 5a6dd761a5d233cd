"""Attacks on proofs of identity: guessed, forged, stolen, replayed, borrowed."""

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from e2e.access import expectations
from e2e.asking import Asker, an_admin, heard_by, signer, things
from e2e.people import PASSWORD, Desk, own_address
from joserfc.jwk import KeySet, OctKey, OKPKey, RSAKey

from deskstream_chassis.identity.testing import claims, forge, raw
from deskstream_chassis.identity.tokens import HEADER, TokenSigner
from deskstream_tools.demo.waiting import eventually
from deskstream_tools.local.stack import Stack

Saw = Callable[[str], None]
TYP = "deskstream-identity+jwt"
VARYING = {"date", "deskstream-correlation", "ratelimit", "ratelimit-policy", "set-cookie"}


def shape(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer but for correlation id, date and RateLimit."""
    body = answer.json() if answer.content else {}
    body.pop("correlation_id", None)
    headers = {name: value for name, value in answer.headers.items() if name not in VARYING}
    return answer.status_code, body, headers


@pytest.mark.threat("24")
async def test_24_a_forged_identity_opens_no_service(desk: Desk, stack: Stack, saw: Saw) -> None:
    """Straight at the services' own ports, past the gateway."""
    ours = signer(stack)
    public = next(iter(ours.public_set()["keys"]))
    kid: Any = {"kid": public["kid"]}
    x = base64.urlsafe_b64decode(public["x"] + "==")
    other = OKPKey.generate_key("Ed25519", kid, private=True)
    admin = {"sub": f"user:{uuid4()}", "role": "admin", "sid": "s"}
    whole = claims(**admin)
    old = signer(stack, lambda: time.time() - 61).sign(an_admin(), "ticketing")
    head, body, signature = ours.sign(an_admin(), "ticketing").split(".")
    forged = {
        "alg none": raw({"alg": "none", "typ": TYP, **kid}, whole),
        "alg NONE": raw({"alg": "NONE", "typ": TYP, **kid}, whole, "AA"),
        "HS256 with our public key": forge(kid, OctKey.import_key(x), "HS256", **admin),
        "RS256": forge(kid, RSAKey.generate_key(2048, kid), "RS256", **admin),
        "another key under our kid": forge(kid, other, **admin),
        "its own key in jwk": forge({**kid, "jwk": other.as_dict(private=False)}, other, **admin),
        "jku": forge({**kid, "jku": f"{desk.target.mailbox_url}/keys"}, other, **admin),
        "x5u": forge({**kid, "x5u": f"{desk.target.mailbox_url}/keys"}, other, **admin),
        "crit": forge({**kid, "crit": ["b64"], "b64": True}, other, **admin),
        "an unknown kid": forge({"kid": "../../dev/null"}, other, **admin),
        "no kid": forge({"kid": None}, other, **admin),
        "no signature": f"{head}.{body}.",
        "a signature of other claims": f"{raw({'alg': 'EdDSA', 'typ': TYP, **kid}, whole)}"
        f"{signature}",
        "another audience": ours.sign(an_admin(), "console"),
        "a minute old": old,
        "from another installation": TokenSigner(KeySet([other])).sign(an_admin(), "ticketing"),
        "garbage": "a.b.c",
    }
    for service, path in (("ticketing", "/api/tickets"), ("notifier", "/internal/ops/lag")):
        base = stack.settings.url(f"{service}-api")
        good = ours.sign(an_admin(), service)
        seen = await desk.client.get(f"{base}{path}", headers={HEADER: good})
        assert seen.status_code != 401, "a good one is taken"
        for name, token in forged.items():
            seen = await desk.client.get(f"{base}{path}", headers={HEADER: token})
            assert seen.status_code == 401, (service, name)
    saw(f"{len(forged)} forgeries at ticketing and notifier")


@pytest.mark.threat("25")
async def test_25_what_the_database_holds_opens_nothing(desk: Desk, stack: Stack) -> None:
    """Every stored hash, spelt as a thief would try it, as cookie, key and link."""
    await desk.key("tickets:view:all")
    await desk.browser(await desk.member("agent"))
    connection = await asyncpg.connect(stack.dsn("gateway"))
    try:
        tables = [
            (row["table_name"], row["column_name"])
            for row in await connection.fetch(
                "select table_name, column_name from information_schema.columns where table_schema"
                " = 'public' and data_type = 'bytea' and table_name in ('session', 'api_key',"
                " 'reset_link', 'verify_link', 'recovery_code', 'pending_sign_in')"
            )
        ]
        assert {table for table, _ in tables} >= {"session", "api_key"}
        stolen = [
            bytes(row[0])
            for table, column in tables
            for row in await connection.fetch(
                f'select "{column}" from "{table}" where "{column}" is not null limit 5'
            )
        ]
    finally:
        await connection.close()
    assert stolen
    for value in stolen:
        plain = base64.urlsafe_b64encode(value).rstrip(b"=").decode()
        for text in (value.hex(), plain, f"ds_live_{plain[:12]}_{plain}_000000"):
            stranger = desk.visitor()
            for headers in (
                {"Cookie": f"__Host-sid={text}"},
                {"Authorization": f"Bearer {text}"},
            ):
                await stranger.call("GET", "/api/tickets", 401, headers=headers)
    for value in stolen[:3]:
        visitor = desk.visitor()
        plain = base64.urlsafe_b64encode(value).rstrip(b"=").decode().rjust(43, "A")[:43]
        body = {"token": plain, "new_password": "another long and quiet sentence"}
        await visitor.call("POST", "/api/auth/reset-password", 400, json=body)


@pytest.mark.threat("25", "A2")
async def test_25_signing_in_gives_a_fresh_session_and_ends_the_one_brought_along(
    desk: Desk,
) -> None:
    """Fixation: a planted cookie never becomes a signed-in one."""
    member = await desk.join("agent")
    planted = await desk.browser(member)
    credentials = {"email": member.email, "password": PASSWORD}
    victim = desk.visitor()
    for cookie in (planted["Cookie"], "__Host-sid=" + "A" * 43):
        opened = await victim.call(
            "POST", "/api/auth/login", 200, json=credentials, headers={"Cookie": cookie}
        )
        assert cookie.partition(";")[0] not in opened.headers["set-cookie"]
        await desk.visitor().call("GET", "/api/auth/session", 401, headers={"Cookie": cookie})


@pytest.mark.threat("26")
async def test_26_another_sites_page_changes_nothing(desk: Desk, stack: Stack) -> None:
    browser = await desk.browser(await desk.member("admin"))
    cookie = {"Cookie": browser["Cookie"]}
    origins = [
        {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
        {"Origin": desk.target.public_url, "Sec-Fetch-Site": "cross-site"},
        {"Origin": desk.target.public_url, "Sec-Fetch-Site": "same-site"},
        {"Origin": desk.target.public_url, "Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": f"{desk.target.public_url}.evil.test"},
        {"Referer": f"{desk.target.public_url}/tickets"},
        {"Origin": desk.target.public_url, "X-CSRF-Token": "0" * 64},
        {"Origin": desk.target.public_url},
    ]
    kinds = ["application/json", "text/plain", "application/x-www-form-urlencoded"]
    before = await heard_by(desk, stack)
    for headers in origins:
        for kind in [*kinds, "multipart/form-data; boundary=b"]:
            url = f"{desk.target.gateway_url}/api/tickets"
            sent = {**cookie, **headers, "Content-Type": kind}
            content = b'{"subject": "x", "body_text": "x"}'
            seen = await desk.client.post(url, headers=sent, content=content)
            assert (seen.status_code, seen.json()["code"]) in (
                (403, "cross_site"),
                (403, "csrf_token"),
            ), (headers, kind)
    assert await heard_by(desk, stack) == before


@pytest.mark.threat("26")
async def test_26_no_other_site_signs_anybody_in(desk: Desk) -> None:
    """Login CSRF: the attacker's own account in the victim's browser."""
    member = await desk.member("agent")
    body = {"email": member.email, "password": PASSWORD}
    for headers in (
        {"Origin": "https://evil.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": desk.target.public_url},
        {},
    ):
        for path in ("/api/auth/login", "/api/auth/register", "/api/auth/forgot-password"):
            sent = {"X-Forwarded-For": own_address(), **headers}
            seen = await desk.client.post(
                f"{desk.target.gateway_url}{path}", headers=sent, json={**body, "name": "N"}
            )
            assert (seen.status_code, seen.json()["code"]) == (403, "cross_site")
            assert "set-cookie" not in seen.headers


@pytest.mark.threat("29")
async def test_29_nobody_learns_who_has_an_account(desk: Desk) -> None:
    known = await desk.join("viewer")
    gone = await desk.join("viewer")
    path = f"/api/admin/users/{gone.id}/status"
    await desk.admin.call("POST", path, 200, json={"status": "suspended"})
    waiting = f"waiting-{uuid4().hex[:8]}@staff.test"
    body = {"email": waiting, "name": "Waiting", "password": PASSWORD}
    await desk.visitor().call("POST", "/api/auth/register", 202, json=body)
    nobody = f"nobody-{uuid4().hex[:8]}@staff.test"
    emails = [known.email, gone.email, waiting, nobody]
    wrong = "a wrong and quiet sentence"
    for path, more in (
        ("/api/auth/forgot-password", {}),
        ("/api/auth/resend-verification", {}),
        ("/api/auth/register", {"name": "Somebody", "password": PASSWORD}),
        ("/api/auth/login", {"password": wrong}),
    ):
        shapes = [
            shape(await desk.visitor().send("POST", path, json={"email": email, **more}))
            for email in emails
        ]
        assert all(one == shapes[0] for one in shapes), path
    right = [
        shape(
            await desk.visitor().send(
                "POST", "/api/auth/login", json={"email": email, "password": PASSWORD}
            )
        )
        for email in (gone.email, waiting, nobody)
    ]
    assert right[0] == right[1] == right[2], "neither waiting nor suspended shows"


@pytest.mark.threat("A2")
async def test_a2_stuffing_is_limited_by_address_and_by_account(desk: Desk) -> None:
    victim = await desk.join("viewer")
    url = f"{desk.target.gateway_url}/api/auth/login"

    async def tries(email: Callable[[int], str], address: Callable[[], str]) -> list[int]:
        found = []
        for n in range(15):
            headers = {"Origin": desk.target.public_url, "X-Forwarded-For": address()}
            body = {"email": email(n), "password": f"a wrong and quiet sentence {n}"}
            found.append((await desk.client.post(url, headers=headers, json=body)).status_code)
        return found

    one = own_address()
    by_address = await tries(lambda n: f"stuffed-{n}@staff.test", lambda: one)
    by_account = await tries(lambda n: victim.email, own_address)
    for given in (by_address, by_account):
        assert set(given) == {401, 429}
        assert given.count(401) <= 7, "a burst of five, and ten a minute"


@pytest.mark.threat("A5")
async def test_a5_no_lower_role_gets_an_administrators_work_done(
    desk: Desk, stack: Stack, saw: Saw
) -> None:
    """With real documents: to promote oneself, to make a key, to end another's session."""
    about = await things(desk)
    admin_id = (await desk.member("admin")).id
    before = (await desk.admin.json("GET", "/api/keys", 200))["items"]
    tried = 0
    for role in ("viewer", "agent", "manager"):
        member = await desk.member(role)
        documents: dict[str, tuple[str, dict[str, Any]]] = {
            "POST /api/admin/users/{id}/status": (
                f"/api/admin/users/{member.id}/status",
                {"status": "active", "role": "admin"},
            ),
            "PUT /api/admin/users/{id}/teams": (
                f"/api/admin/users/{admin_id}/teams",
                {"teams": []},
            ),
            "POST /api/keys": ("/api/keys", {"name": "mine", "scopes": ["tickets:view:all"]}),
            "POST /api/teams": ("/api/teams", {"title": "Mine", "restricted": False}),
        }
        asker = Asker(role, member.session)
        for line in expectations():
            if getattr(line, role) != "403" or line.owner not in ("gateway", "ticketing"):
                continue
            if line.method == "GET" or line.about_a_ticket or not line.guarded:
                continue
            path, document = documents.get(str(line), (about.url(line.path), {}))
            answer = await asker.session.send(line.method, path, json=document)
            if answer.json().get("code") in ("not_found", "method_not_allowed"):
                continue  # nobody serves it yet
            assert answer.status_code == 403, (role, str(line))
            tried += 1
    manager = await desk.member("manager")
    for user, change in (
        (manager.id, {"status": "active", "role": "admin"}),
        (admin_id, {"status": "suspended"}),
        (admin_id, {"status": "active", "role": "viewer"}),
    ):
        path = f"/api/admin/users/{user}/status"
        answer = await manager.session.send("POST", path, json=change)
        assert answer.status_code in (403, 409, 422), (user, change)
    assert (await desk.admin.json("GET", "/api/keys", 200))["items"] == before
    for role in ("viewer", "agent", "manager"):
        session = (await desk.member(role)).session
        assert (await session.json("GET", "/api/auth/user-role", 200))["role"] == role
    saw(f"{tried} refusals")


@pytest.mark.threat("25")
async def test_25_an_ended_session_is_refused_within_five_seconds(desk: Desk) -> None:
    browser = await desk.browser(await desk.member("viewer"))
    stranger = desk.visitor()
    await stranger.call("GET", "/api/auth/session", 200, headers=browser)
    await stranger.call("POST", "/api/auth/logout", 204, headers=browser)
    began = time.monotonic()

    async def refused() -> bool | None:
        seen = await stranger.send("GET", "/api/auth/session", headers=browser)
        return seen.status_code == 401 or None

    await eventually("the ended session to be refused", refused)
    assert time.monotonic() - began < 5
    await asyncio.gather(
        *(stranger.call("GET", "/api/tickets", 401, headers=browser) for _ in range(5))
    )

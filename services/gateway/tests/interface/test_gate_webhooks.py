"""Webhooks at the gate: proven over raw bytes, handed to the owner, remembered by nobody here."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.webhooks import WebhookSecretMissing, demand_secrets

Check = Callable[[httpx.Response, int, str], None]

SERVED = tuple(replace(row, served=True) if row.access.webhook else row for row in TABLE)
"""The table on the day when the owners serve their ends."""
SECRETS = {
    "3cx": (secrets.token_hex(20),),
    "shopify": (secrets.token_hex(20), secrets.token_hex(20)),
    "quickbooks": (secrets.token_hex(20),),
    "mail": ("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),),
}
OWNERS = ("ticketing", "commerce-gateway", "notifier")
ORDERS, CALL = "/api/hooks/shopify/orders-create", "/api/telephony/3cx"


@pytest.fixture
async def desk(start: Any) -> AsyncIterator[Any]:
    """A gate whose webhook rows are served, before one service that plays every owner."""
    async with start(table=SERVED, services=OWNERS, webhook_secrets=SECRETS) as running:
        yield running


def shopify(body: bytes, secret: str = SECRETS["shopify"][0]) -> dict[str, str]:
    """As Shopify signs."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode()}


def intuit(body: bytes) -> dict[str, str]:
    """As Intuit signs."""
    digest = hmac.new(SECRETS["quickbooks"][0].encode(), body, hashlib.sha256).digest()
    return {"intuit-signature": base64.b64encode(digest).decode()}


def signed(desk: Any, body: bytes, age: int = 0) -> dict[str, str]:
    """As a sender of Standard Webhooks signs."""
    at = int(desk.rig.clock.now().timestamp()) - age
    key = base64.b64decode(SECRETS["mail"][0].removeprefix("whsec_"))
    digest = hmac.new(key, f"m1.{at}.".encode() + body, hashlib.sha256).digest()
    told = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": "m1", "webhook-timestamp": str(at), "webhook-signature": told}


def noted(desk: Any) -> list[tuple[str | None, str | None]]:
    """Action and code of what the gate put on the trail."""
    return [(note["action"], note["code"]) for note in desk.rig.fake.noted]


async def test_each_vendor_reaches_its_owner_with_the_bytes_it_signed(desk: Any) -> None:
    body = b'{ "id" : 7,\r\n\t"name":"\xc3\x84\xff" }'
    sent = {
        ORDERS: (shopify(body), "commerce-gateway", "shopify"),
        "/api/hooks/quickbooks/events": (intuit(body), "commerce-gateway", "quickbooks"),
        "/api/hooks/mail/delivered": (signed(desk, body), "notifier", "mail"),
        CALL: ({"X-Deskstream-Webhook": SECRETS["3cx"][0]}, "ticketing", "3cx"),
    }
    for path, (proof, owner, vendor) in sent.items():
        headers = proof | {"Content-Type": "application/json", "Cookie": "a=b"}
        answer = await desk.http.post(f"{path}?topic=x", headers=headers, content=body)
        assert answer.status_code == 200, path
        seen = desk.ticketing.seen[-1]
        assert (seen.method, seen.target, seen.body) == ("POST", path, body)
        assert seen.header("content-type") == "application/json"
        assert not {"cookie", "authorization", *map(str.lower, proof)} & {
            name.lower() for name, _ in seen.headers
        }
        actor = await desk.identity(seen, owner)
        assert (actor.ref, actor.role, actor.scopes) == (f"system:webhook:{vendor}", None, set())


async def test_both_secrets_hold_while_they_change(desk: Any) -> None:
    for secret in SECRETS["shopify"]:
        answer = await desk.http.post(ORDERS, headers=shopify(b"{}", secret), content=b"{}")
        assert answer.status_code == 200


async def test_what_is_not_proven_is_refused_alike_and_put_on_the_trail(
    desk: Any, problem: Check
) -> None:
    body = b'{"email": "marked.person@shop.test"}'
    tries = [
        (ORDERS, {}, "no_signature"),
        (ORDERS, intuit(body), "no_signature"),
        (ORDERS, shopify(body + b" "), "bad_signature"),
        (ORDERS, shopify(body, SECRETS["quickbooks"][0]), "bad_signature"),
        ("/api/hooks/mail/delivered", signed(desk, body, age=301), "stale_signature"),
        ("/api/hooks/mail/delivered", signed(desk, body, age=-302), "stale_signature"),
        (CALL, {"X-Deskstream-Webhook": "guess"}, "bad_signature"),
        (CALL, {"X_Deskstream_Webhook": SECRETS["3cx"][0]}, "no_signature"),
    ]
    for path, proof, code in tries:
        answer = await desk.http.post(path, headers=proof, content=body)
        problem(answer, 401, "webhook_rejected")
        assert noted(desk)[-1] == ("webhook_rejected", code)
    assert desk.ticketing.seen == []
    assert {note["target"] for note in desk.rig.fake.noted} == {
        "POST /api/hooks/{vendor}/{topic}",
        "POST /api/telephony/3cx",
    }
    assert "marked" not in str(desk.rig.fake.noted)


async def test_two_signatures_prove_nothing(desk: Any, problem: Check) -> None:
    (good,) = shopify(b"{}").items()
    twice = [good, good]
    problem(await desk.http.post(ORDERS, headers=twice, content=b"{}"), 401, "webhook_rejected")


async def test_people_and_keys_have_no_business_here(desk: Any, problem: Check) -> None:
    for headers in (await desk.as_role("admin"), await desk.as_key("tickets:create")):
        answer = await desk.http.post(ORDERS, headers=headers, content=b"{}")
        problem(answer, 401, "webhook_rejected")
    assert desk.ticketing.seen == []


async def test_unknown_vendors_and_methods_do_not_exist(desk: Any, problem: Check) -> None:
    for path in ("/api/hooks/acme/x", "/api/hooks/3cx/x", "/api/hooks/shopify"):
        problem(await desk.http.post(path, content=b"{}"), 404, "not_found")
    problem(await desk.http.get(ORDERS), 405, "method_not_allowed")


async def test_256_kib_pass_and_a_byte_more_does_not(desk: Any, problem: Check) -> None:
    limit = 256 * 1024
    for size, status in ((limit, 200), (limit + 1, 413)):
        body = b"x" * size
        answer = await desk.http.post(ORDERS, headers=shopify(body), content=body)
        assert answer.status_code == status

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 65536

    answer = await desk.http.post(ORDERS, headers=shopify(b""), content=pieces())
    problem(answer, 413, "body_too_large")
    assert [len(seen.body) for seen in desk.ticketing.seen] == [limit]


async def test_a_body_in_chunks_is_proven_as_a_whole(desk: Any) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"a":'
        yield b"1}"

    proof = shopify(b'{"a":1}')
    answer = await desk.http.post(ORDERS, headers=proof, content=pieces())
    assert (answer.status_code, desk.ticketing.seen[0].body) == (200, b'{"a":1}')


async def test_without_proof_nothing_of_the_body_is_read(desk: Any, say: Any) -> None:
    head = (
        f"POST {ORDERS} HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nContent-Length: 200000\r\n\r\n"
    )
    answer = await say(head.encode(), half=1.0)
    assert answer.startswith(b"HTTP/1.1 401")


async def test_whatever_the_owner_does_not_take_the_vendor_is_told_to_send_again(
    desk: Any, problem: Check
) -> None:
    body, proof = b"{}", shopify(b"{}")
    for status in (500, 503):
        desk.ticketing.status = status
        answer = await desk.http.post(ORDERS, headers=proof, content=body)
        assert answer.status_code == status
    desk.ticketing.status = 401
    answer = await desk.http.post(ORDERS, headers=proof, content=body)
    problem(answer, 502, "upstream_refused_identity")
    desk.ticketing.status = 200
    again = await desk.http.post(ORDERS, headers=proof, content=body)
    assert again.status_code == 200  # a repeat is the owner's to know
    desk.gate._proxy._upstreams.clear()
    answer = await desk.http.post(ORDERS, headers=proof, content=body)
    problem(answer, 503, "upstream_not_configured")


async def test_a_broken_owner_is_not_asked_twice(desk: Any, problem: Check) -> None:
    hits = 0

    async def script(reader: Any, writer: Any, head: bytes) -> None:
        nonlocal hits
        hits += 1
        writer.close()
        raise ConnectionError

    desk.ticketing.script = script
    answer = await desk.http.post(ORDERS, headers=shopify(b"{}"), content=b"{}")
    problem(answer, 502, "upstream_broken")
    assert hits == 1


async def test_a_source_is_limited_whatever_it_proves(desk: Any) -> None:
    desk.stop_refilling()
    proof = {"X-Deskstream-Webhook": SECRETS["3cx"][0]}
    first = await desk.http.post(CALL, headers=proof, content=b"{}")
    assert first.headers["ratelimit-policy"] == '"webhook";q=600;w=60'
    for _ in range(199):
        assert (await desk.http.post(CALL, content=b"{}")).status_code == 401
    refused = await desk.http.post(CALL, headers=proof, content=b"{}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


def test_a_served_row_without_its_vendors_secret_is_named() -> None:
    for missing in SECRETS:
        given = {name: kept for name, kept in SECRETS.items() if name != missing}
        with pytest.raises(WebhookSecretMissing, match=f"none for {missing}$"):
            demand_secrets(SERVED, given)
    with pytest.raises(WebhookSecretMissing, match="3cx, shopify, quickbooks, mail"):
        demand_secrets(SERVED, {})
    demand_secrets(SERVED, SECRETS)
    demand_secrets([row for row in TABLE if not row.access.webhook], {})


async def test_a_gate_with_a_served_row_and_no_secret_is_not_built(start: Any) -> None:
    with pytest.raises(WebhookSecretMissing):
        async with start(table=SERVED):
            pass

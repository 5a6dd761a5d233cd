"""Every served row of the table with proofs that do not hold: refused, and no service was asked."""

import re
from typing import Any
from uuid import uuid4

from deskstream_chassis.access import Role
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.gate.routes import TABLE
from gateway.interface.gate.rows import Row

WEBHOOKS = [row for row in TABLE if row.served and row.access.webhook]
GUARDED = [row for row in TABLE if row.served and not row.access.public and row not in WEBHOOKS]
BELOW = {Role.AGENT: "viewer", Role.MANAGER: "agent", Role.ADMIN: "manager"}
ANONYMOUS = (401, "unauthenticated")
WRONG_RIGHT = (403, "forbidden")


def path_of(row: Row) -> str:
    """The row's path with made-up parameters."""

    def value(match: re.Match[str]) -> str:
        return {"key": "A" * 12, "ticket": "12", "slug": "x"}.get(match[1], str(uuid4()))

    return re.sub(r"\{\w+:(\w+)\}", value, row.template)


async def ask(desk: Any, row: Row, headers: dict[str, str]) -> tuple[str, int, str]:
    """Row, status and code of an answer that must be a refusal; no service has heard a thing."""
    desk.gate._policy._limiter = LocalLimiter()  # limits are proven elsewhere
    body = {"content": b"{"} if row.unsafe else {}
    answer = await desk.http.request(row.method, path_of(row), headers=headers, **body)
    assert desk.ticketing.seen == [], row.key
    assert answer.headers["content-type"] == "application/problem+json", row.key
    return row.key, answer.status_code, answer.json()["code"]


async def test_a_guarded_row_refuses_what_proves_nothing(desk: Any) -> None:
    for row in GUARDED:
        for proof in (
            {},
            {"Cookie": "__Host-sid=garbage"},
            {"Authorization": "Bearer ds_live_a_b_c"},
            {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
            {"Deskstream-Identity": "forged"},
        ):
            assert await ask(desk, row, proof) == (row.key, *ANONYMOUS)


async def test_a_row_of_a_vendor_refuses_whoever_does_not_sign(desk: Any) -> None:
    for row in WEBHOOKS:
        for proof in ({}, await desk.as_role("admin"), {"X-Deskstream-Webhook": "a" * 64}):
            assert await ask(desk, row, proof) == (row.key, 401, "webhook_rejected")


async def test_a_guarded_row_refuses_a_key_without_its_scope(desk: Any) -> None:
    headers = await desk.as_key("credit-applications")
    for row in GUARDED:
        assert await ask(desk, row, headers) == (row.key, *WRONG_RIGHT)


async def test_a_guarded_row_refuses_a_role_below_its_own(desk: Any) -> None:
    for row in GUARDED:
        if not row.access.session:
            headers = await desk.as_role("admin")
        elif row.access.role in BELOW:
            headers = await desk.as_role(BELOW[row.access.role])
        else:
            continue  # every role may ask; what he may see the service decides
        assert await ask(desk, row, headers) == (row.key, *WRONG_RIGHT)


async def test_a_guarded_row_refuses_a_session_that_is_over(desk: Any) -> None:
    headers = await desk.as_role("admin")
    desk.rig.clock.advance(minutes=31)
    for row in GUARDED:
        assert await ask(desk, row, headers) == (row.key, *ANONYMOUS)


async def test_a_change_without_the_header_token_is_refused(desk: Any) -> None:
    headers = await desk.as_role("admin")
    del headers["X-CSRF-Token"]
    for row in GUARDED:
        if row.unsafe:
            assert await ask(desk, row, headers) == (row.key, 403, "csrf_token")


async def test_a_row_not_yet_served_does_not_exist(desk: Any) -> None:
    headers = await desk.as_role("admin")
    for row in TABLE:
        if not row.served:
            _, status, code = await ask(desk, row, headers)
            assert (status, code) in {(404, "not_found"), (405, "method_not_allowed")}, row.key

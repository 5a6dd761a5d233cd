"""The second factor through the gate, as a browser meets it."""

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from pyotp import TOTP

from gateway.testing import PASSWORD

Check = Callable[[httpx.Response, int, str], None]
SITE = {"Sec-Fetch-Site": "same-origin"}
_hosts = itertools.count(1)
LOGIN = {"email": "agent@shop.test", "password": PASSWORD}


async def post(desk: Any, path: str, headers: dict[str, str], body: Any) -> httpx.Response:
    here = {**headers, "X-Forwarded-For": f"203.0.113.{next(_hosts)}"}
    answer: httpx.Response = await desk.http.post(path, headers=here, json=body)
    return answer


async def login(desk: Any) -> httpx.Response:
    return await post(desk, "/api/auth/login", SITE, LOGIN)


def code(desk: Any, secret: str, steps: int = 0) -> str:
    return TOTP(secret).at(desk.rig.clock.now(), counter_offset=steps)


def with_new_cookie(headers: dict[str, str], answer: httpx.Response) -> dict[str, str]:
    return {**headers, "Cookie": answer.headers["set-cookie"].split(";")[0]}


async def enable(desk: Any, headers: dict[str, str]) -> tuple[str, httpx.Response]:
    """The secret that was shown, and the answer to its first code."""
    offered = await post(desk, "/api/auth/factor", headers, {})
    assert offered.status_code == 200, offered.text
    secret = offered.json()["secret"]
    first = {"code": code(desk, secret)}
    return secret, await post(desk, "/api/auth/factor", headers, first)


async def verify(desk: Any, pending: str, given: str) -> httpx.Response:
    body = {"pending": pending, "code": given}
    return await post(desk, "/api/auth/factor/verify", SITE, body)


@pytest.fixture
async def desk(start: Any) -> AsyncIterator[Any]:
    """Behind a proxy, so that no request shares an address with another."""
    async with start(trusted_proxies="127.0.0.1") as running_desk:
        yield running_desk


@pytest.fixture
async def secret(desk: Any) -> str:
    """That of an agent who has set a factor."""
    found, answer = await enable(desk, await desk.as_role("agent"))
    assert answer.status_code == 200
    desk.rig.clock.advance(minutes=1)
    return found


async def test_a_factor_is_set_by_two_calls_and_told_in_the_session(desk: Any) -> None:
    headers = await desk.as_role("agent")
    secret, enabled = await enable(desk, headers)
    assert enabled.status_code == 200
    assert len(enabled.json()["recovery_codes"]) == 10
    assert enabled.headers["cache-control"] == "no-store"
    fresh = with_new_cookie(headers, enabled)
    told = await desk.http.get("/api/auth/session", headers=fresh)
    assert told.json()["has_factor"] is True
    assert secret not in told.text


async def test_signing_in_then_takes_two_steps(desk: Any, secret: str) -> None:
    first = await login(desk)
    assert first.status_code == 200
    assert set(first.json()) == {"pending", "expires_at"}
    assert "set-cookie" not in first.headers
    second = await verify(desk, first.json()["pending"], code(desk, secret))
    assert second.status_code == 200
    assert second.json()["user"]["role"] == "agent"
    cookie = {"Cookie": second.headers["set-cookie"].split(";")[0]}
    assert (await desk.http.get("/api/auth/session", headers=cookie)).status_code == 200


async def test_a_pending_sign_in_is_no_session(desk: Any, secret: str, problem: Check) -> None:
    first = await login(desk)
    cookie = {"Cookie": f"__Host-sid={first.json()['pending']}"}
    problem(await desk.http.get("/api/auth/session", headers=cookie), 401, "unauthenticated")


async def test_the_second_step_needs_our_own_page(desk: Any, problem: Check) -> None:
    body = {"pending": "x" * 43, "code": "123456"}
    answer = await post(desk, "/api/auth/factor/verify", {}, body)
    problem(answer, 403, "cross_site")


async def test_used_wrong_and_late_codes_are_refused(
    desk: Any, secret: str, problem: Check
) -> None:
    given = code(desk, secret)
    first = await login(desk)
    assert (await verify(desk, first.json()["pending"], given)).status_code == 200
    again = await login(desk)
    pending = again.json()["pending"]
    problem(await verify(desk, pending, given), 403, "wrong_code")
    desk.rig.clock.advance(minutes=5)
    problem(await verify(desk, pending, code(desk, secret)), 401, "pending_invalid")


async def test_blocked_codes_say_when_to_come_back(desk: Any, secret: str, problem: Check) -> None:
    first = await login(desk)
    for _ in range(5):
        await verify(desk, first.json()["pending"], "000000")
    first = await login(desk)
    blocked = await verify(desk, first.json()["pending"], code(desk, secret))
    problem(blocked, 429, "factor_blocked")
    assert blocked.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/auth/step-up", {}, "password"),
        ("/api/auth/step-up", {"code": "123456"}, "password"),
        ("/api/auth/factor", {"code": "x" * 65}, "code"),
        ("/api/auth/factor", {"code": "12\u000056"}, "code"),
        ("/api/auth/factor/verify", {"pending": "short", "code": "123456"}, "pending"),
    ],
)
async def test_bad_input_names_its_field(
    desk: Any, problem: Check, path: str, body: dict[str, str], field: str
) -> None:
    answer = await post(desk, path, await desk.as_role("agent"), body)
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_in_production_an_admin_reaches_only_his_own_account_before_he_has_one(
    desk: Any, problem: Check
) -> None:
    desk.rig.fake.factor_mandatory = True
    headers = await desk.as_role("admin")
    for path in ("/api/tickets", "/api/users", "/api/keys", "/api/admin/users"):
        refused = await desk.http.get(path, headers=headers)
        problem(refused, 403, "factor_required")
        assert "/api/auth/factor" in refused.json()["detail"]
    assert desk.ticketing.seen == []
    assert (await desk.http.get("/api/auth/session", headers=headers)).status_code == 200
    _, enabled = await enable(desk, headers)
    fresh = with_new_cookie(headers, enabled)
    assert (await desk.http.get("/api/keys", headers=fresh)).status_code == 200
    assert (await desk.http.get("/api/tickets", headers=fresh)).status_code == 200


async def test_in_production_agents_and_keys_go_on_without_one(desk: Any) -> None:
    desk.rig.fake.factor_mandatory = True
    for headers in (await desk.as_role("agent"), await desk.as_key("tickets:view")):
        assert (await desk.http.get("/api/tickets/12", headers=headers)).status_code == 200

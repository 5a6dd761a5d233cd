"""How often: at the gate, with the headers that say so."""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

import httpx

Check = Callable[[httpx.Response, int, str], None]
SITE = {"Sec-Fetch-Site": "same-origin"}


async def test_twenty_clients_at_once_get_exactly_what_the_limit_allows(desk: Any) -> None:
    desk.stop_refilling()
    headers = await desk.as_role("manager")
    answers = await asyncio.gather(
        *(desk.http.get("/api/admin/users", headers=headers) for _ in range(40))
    )
    assert sorted(a.status_code for a in answers) == [200] * 20 + [429] * 20


async def test_a_limit_says_policy_rest_and_when_to_come_back(desk: Any, problem: Check) -> None:
    desk.stop_refilling()
    headers = await desk.as_role("manager")
    first = await desk.http.get("/api/admin/users", headers=headers)
    assert first.headers["ratelimit-policy"] == '"admin";q=60;w=60'
    assert first.headers["ratelimit"] == '"admin";r=19;t=1'
    assert "retry-after" not in first.headers
    for _ in range(19):
        await desk.http.get("/api/admin/users", headers=headers)
    refused = await desk.http.get("/api/admin/users", headers=headers)
    problem(refused, 429, "rate_limited")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"].startswith('"admin";r=0;t=')


async def test_signing_in_is_limited_by_address(start: Any) -> None:
    async with start(trusted_proxies="127.0.0.1") as desk:
        desk.stop_refilling()
        accounts = count()

        async def tries(address: str) -> list[int]:
            headers = SITE | {"X-Forwarded-For": address}
            statuses = []
            for _ in range(7):
                body = {"email": f"a{next(accounts)}@shop.test", "password": "seven blue lamps"}
                answer = await desk.http.post("/api/auth/login", json=body, headers=headers)
                statuses.append(answer.status_code)
            return statuses

        assert await tries("192.0.2.1") == [401] * 5 + [429] * 2
        assert await tries("192.0.2.2") == [401] * 5 + [429] * 2
        assert await tries("1.1.1.1, 192.0.2.1") == [429] * 7


async def test_signing_in_is_limited_by_account_from_wherever(start: Any, problem: Check) -> None:
    async with start(trusted_proxies="127.0.0.1") as desk:
        await desk.as_role("agent")
        body = {"email": "Agent@shop.test", "password": "wrong blue lamps hum"}
        for n in range(5):
            headers = SITE | {"X-Forwarded-For": f"192.0.2.{n}"}
            answer = await desk.http.post("/api/auth/login", json=body, headers=headers)
            assert answer.status_code == 401
        headers = SITE | {"X-Forwarded-For": "192.0.2.99"}
        same = body | {"email": "agent@SHOP.test"}
        refused = await desk.http.post("/api/auth/login", json=same, headers=headers)
        problem(refused, 429, "rate_limited")
        assert int(refused.headers["retry-after"]) > 0
        other = body | {"email": "other@shop.test"}
        answer = await desk.http.post("/api/auth/login", json=other, headers=headers)
        assert answer.status_code == 401


async def test_forwarded_addresses_are_not_believed_from_anybody(desk: Any) -> None:
    desk.stop_refilling()
    body = {"email": "nobody@shop.test", "password": "seven blue lamps hum"}
    statuses = []
    for n in range(7):
        headers = SITE | {"X-Forwarded-For": f"192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}"}
        answer = await desk.http.post("/api/auth/login", json=body, headers=headers)
        statuses.append(answer.status_code)
    assert statuses == [401] * 5 + [429] * 2


async def test_a_key_may_have_a_rate_of_its_own(desk: Any) -> None:
    slow, fast = await desk.as_key("tickets:view", rate=6), await desk.as_key("tickets:view")
    got = [
        (await desk.http.get("/api/tickets/12", headers=headers)).status_code
        for headers in (slow, slow, fast, fast)
    ]
    assert got == [200, 429, 200, 200]


async def test_guessing_is_limited_and_known_sessions_still_get_in(desk: Any) -> None:
    desk.stop_refilling()
    agent, newcomer = await desk.as_role("agent"), await desk.as_role("viewer")
    assert (await desk.http.get("/api/tickets", headers=agent)).status_code == 200
    desk.gate._credentials.forget_all()
    statuses = [
        (await desk.http.get("/api/tickets", headers={"Cookie": f"__Host-sid={n}"})).status_code
        for n in range(103)
    ]
    assert statuses == [401] * 100 + [429] * 3
    assert (await desk.http.get("/api/tickets", headers=agent)).status_code == 200
    assert (await desk.http.get("/api/tickets", headers=newcomer)).status_code == 429

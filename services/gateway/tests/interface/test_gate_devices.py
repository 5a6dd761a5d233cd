"""Known devices at the gate: who is counted by his address, and who by his browser alone."""

from typing import Any

import httpx

from gateway.testing import PASSWORD

SITE = {"Sec-Fetch-Site": "same-origin"}
WRONG = "wrong blue lamps hum"


async def login(desk: Any, email: str, password: str, device: str | None = None) -> httpx.Response:
    headers = SITE | ({} if device is None else {"Cookie": f"__Host-did={device}"})
    body = {"email": email, "password": password}
    answer: httpx.Response = await desk.http.post("/api/auth/login", json=body, headers=headers)
    return answer


def device_in(answer: httpx.Response) -> str:
    (found,) = [
        cookie
        for cookie in answer.headers.get_list("set-cookie")
        if cookie.startswith("__Host-did=")
    ]
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=strict", "Max-Age=15552000"):
        assert attribute in found
    return str(found.partition("=")[2].partition(";")[0])


async def known(desk: Any, email: str) -> str:
    await desk.people.agent(email)
    return device_in(await login(desk, email, PASSWORD))


async def statuses(desk: Any, *tries: tuple[str, str, str | None]) -> list[int]:
    return [(await login(desk, *one)).status_code for one in tries]


async def test_behind_a_used_up_address_a_known_device_still_gets_in(desk: Any) -> None:
    desk.stop_refilling()
    ada = await known(desk, "ada@shop.test")
    storm = [(f"a{n}@shop.test", WRONG, None) for n in range(6)]
    assert await statuses(desk, *storm) == [401] * 4 + [429] * 2
    back = await login(desk, "ada@shop.test", PASSWORD, ada)
    assert back.status_code == 200
    assert device_in(back) == ada


async def test_an_attacked_owner_still_gets_in_from_his_device(start: Any) -> None:
    async with start(trusted_proxies="127.0.0.1") as desk:
        desk.stop_refilling()
        ada = await known(desk, "ada@shop.test")
        body = {"email": "ada@shop.test", "password": WRONG}
        got = []
        for n in range(8):
            headers = SITE | {"X-Forwarded-For": f"192.0.2.{n}"}
            answer = await desk.http.post("/api/auth/login", json=body, headers=headers)
            got.append(answer.status_code)
        assert got == [401] * 4 + [429] * 4
        assert (await login(desk, "ada@shop.test", PASSWORD)).status_code == 429
        assert (await login(desk, "ada@shop.test", PASSWORD, ada)).status_code == 200


async def test_a_known_device_has_a_limit_of_its_own(desk: Any) -> None:
    desk.stop_refilling()
    ada = await known(desk, "ada@shop.test")
    guesses = [("ada@shop.test", WRONG, ada)] * 7
    assert await statuses(desk, *guesses) == [401] * 5 + [429] * 2
    assert (await login(desk, "ada@shop.test", PASSWORD)).status_code == 200


async def test_a_forged_device_counts_as_none(desk: Any) -> None:
    desk.stop_refilling()
    ada = await known(desk, "ada@shop.test")
    forged = ("B" if ada[0] == "A" else "A") + ada[1:]
    tries = [(f"a{n}@shop.test", WRONG, forged) for n in range(6)]
    assert await statuses(desk, *tries) == [401] * 4 + [429] * 2


async def test_a_device_of_another_account_counts_its_address_and_the_account(desk: Any) -> None:
    desk.stop_refilling()
    ada = await known(desk, "ada@shop.test")
    tries = [(f"a{n}@shop.test", WRONG, ada) for n in range(5)]
    assert await statuses(desk, *tries) == [401] * 4 + [429]
    assert (await login(desk, "bob@shop.test", WRONG)).status_code == 429


async def test_a_closed_account_says_when_to_come_back_and_is_on_the_trail(desk: Any) -> None:
    for _ in range(5):
        desk.gate._policy._limiter._full_at.clear()
        assert (await login(desk, "ada@shop.test", WRONG)).status_code == 401
    desk.gate._policy._limiter._full_at.clear()
    closed = await login(desk, "ada@shop.test", WRONG)
    assert (closed.status_code, closed.json()["code"]) == (429, "rate_limited")
    assert closed.headers["retry-after"] == "1"
    assert closed.headers.get_list("ratelimit") == ['"auth";r=0;t=1']
    assert closed.headers.get_list("ratelimit-policy") == ['"auth";q=10;w=60']
    limited = [note for note in desk.rig.fake.noted if note["action"] == "limited"]
    assert [note["target"] for note in limited] == ["POST /api/auth/login"]


async def test_those_who_are_signed_in_do_not_share_the_limit_of_their_address(desk: Any) -> None:
    desk.stop_refilling()
    people = [await desk.as_role(role) for role in ("agent", "viewer", "manager")]
    body = {"old_password": WRONG, "new_password": "nine green doors sing"}
    got = []
    for headers in people * 3:
        answer = await desk.http.post("/api/auth/change-password", json=body, headers=headers)
        got.append(answer.status_code)
    assert got == [403] * 9

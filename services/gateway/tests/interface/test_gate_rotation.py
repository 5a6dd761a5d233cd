"""The cookie is replaced at the first use after a change of rights, on whichever answer."""

import asyncio
from typing import Any

import httpx

from gateway.testing import PASSWORD, operator


async def promoted(desk: Any) -> dict[str, str]:
    """An agent's headers whose holder is a manager now; the gate has looked him up before."""
    headers: dict[str, str] = await desk.as_role("agent")
    await desk.http.get("/api/tickets", headers=headers)
    user_id = await desk.people.id_of("agent@shop.test")
    await desk.people.change(operator(), user_id, "active", role="manager")
    desk.gate._credentials.forget_all()
    return headers


def cookies(answer: httpx.Response) -> list[str]:
    """Every value of the session's cookie that an answer sets."""
    found = answer.headers.get_list("set-cookie")
    return [c.partition("=")[2].partition(";")[0] for c in found if c.startswith("__Host-sid=")]


async def test_a_proxied_answer_carries_the_new_cookie_once(desk: Any) -> None:
    headers = await promoted(desk)
    answer = await desk.http.get("/api/tickets", headers=headers)
    (token,) = cookies(answer)
    assert f"__Host-sid={token}" != headers["Cookie"]
    attributes = answer.headers["set-cookie"].lower()
    for part in ("httponly", "secure", "samesite=strict", "path=/", "max-age=43200"):
        assert part in attributes
    again = await desk.http.get("/api/tickets", headers=headers)
    new = headers | {"Cookie": f"__Host-sid={token}"}
    after = await desk.http.get("/api/tickets", headers=new)
    assert [a.status_code for a in (answer, again, after)] == [200, 200, 200]
    assert cookies(again) == cookies(after) == []


async def test_the_old_cookie_ends_after_thirty_seconds_the_new_one_goes_on(desk: Any) -> None:
    headers = await promoted(desk)
    (token,) = cookies(await desk.http.get("/api/tickets", headers=headers))
    desk.rig.clock.advance(seconds=30)
    desk.gate._credentials.forget_all()
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 401
    new = headers | {"Cookie": f"__Host-sid={token}"}
    assert (await desk.http.post("/api/tickets", headers=new, json={})).status_code == 200


async def test_of_many_requests_at_once_one_replaces(desk: Any) -> None:
    headers = await promoted(desk)
    answers = await asyncio.gather(
        *(desk.http.get("/api/tickets", headers=headers) for _ in range(12))
    )
    assert {a.status_code for a in answers} == {200}
    assert sum(len(cookies(a)) for a in answers) == 1


async def test_an_answer_of_the_gateways_own_carries_it_too(desk: Any) -> None:
    headers = await promoted(desk)
    assert len(cookies(await desk.http.get("/api/users", headers=headers))) == 1


async def test_a_service_that_is_down_does_not_lose_the_cookie(desk: Any) -> None:
    headers = await promoted(desk)
    desk.gate._proxy._upstreams.clear()
    answer = await desk.http.get("/api/tickets", headers=headers)
    assert (answer.status_code, len(cookies(answer))) == (503, 1)


async def test_what_the_gateway_itself_does_to_the_cookie_it_does_alone(desk: Any) -> None:
    headers = await promoted(desk)
    answer = await desk.http.post("/api/auth/logout", headers=headers)
    assert (answer.status_code, cookies(answer)) == (204, ['""'])
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 401


async def test_a_tab_keeps_its_grace_where_the_next_request_gives_a_fresh_proof(desk: Any) -> None:
    headers = await promoted(desk)
    proof = {"password": PASSWORD}
    answer = await desk.http.post("/api/auth/step-up", headers=headers, json=proof)
    assert (answer.status_code, len(cookies(answer))) == (200, 1), answer.text
    desk.gate._credentials.forget_all()
    again = await desk.http.get("/api/tickets", headers=headers)
    assert (again.status_code, cookies(again)) == (200, [])


async def test_background_rows_and_refused_requests_leave_the_cookie_alone(desk: Any) -> None:
    headers = await promoted(desk)
    background = await desk.http.get("/api/auth/session", headers=headers)
    forged = await desk.http.post("/api/tickets", headers={"Cookie": headers["Cookie"]})
    assert [background.status_code, forged.status_code] == [200, 403]
    assert cookies(background) == cookies(forged) == []
    assert len(cookies(await desk.http.get("/api/tickets", headers=headers))) == 1


async def test_a_store_that_fails_refuses_and_the_next_request_replaces(desk: Any) -> None:
    headers = await promoted(desk)
    await desk.http.get("/api/auth/session", headers=headers)
    desk.rig.fake.down = True
    answer = await desk.http.get("/api/tickets", headers=headers)
    assert (answer.status_code, cookies(answer)) == (503, [])
    desk.rig.fake.down = False
    assert len(cookies(await desk.http.get("/api/tickets", headers=headers))) == 1

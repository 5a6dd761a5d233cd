"""Rows that ask for a fresh proof, through the gate, and how one gives it."""

from collections.abc import Callable
from typing import Any

import httpx

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller
from deskstream_eventstore import Origin
from gateway.application.step_up import StepUp
from gateway.testing import PASSWORD

Check = Callable[[httpx.Response, int, str], None]
NEW_KEY = {"name": "shop", "scopes": ["tickets:create"]}
STEP_UP = "/api/auth/step-up"


async def make_key(desk: Any, headers: dict[str, str]) -> httpx.Response:
    return await desk.http.post("/api/keys", headers=headers, json=NEW_KEY)


def with_new_cookie(headers: dict[str, str], answer: httpx.Response) -> dict[str, str]:
    return {**headers, "Cookie": answer.headers["set-cookie"].split(";")[0]}


async def test_signing_in_opens_the_rows_for_ten_minutes(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("admin")
    desk.rig.clock.advance(minutes=10)
    assert (await make_key(desk, headers)).status_code == 201
    desk.rig.clock.advance(seconds=1)
    refused = await make_key(desk, headers)
    problem(refused, 403, "step_up_required")
    assert STEP_UP in refused.json()["detail"]
    assert (await desk.http.get("/api/keys", headers=headers)).status_code == 200


async def test_the_password_opens_them_again_and_changes_the_cookie(desk: Any) -> None:
    headers = await desk.as_role("admin")
    desk.rig.clock.advance(minutes=11)
    assert (await make_key(desk, headers)).status_code == 403
    done = await desk.http.post(STEP_UP, headers=headers, json={"password": PASSWORD})
    assert done.status_code == 200
    assert done.json() == {"expires_at": "2026-03-02T09:21:00Z"}
    fresh = with_new_cookie(headers, done)
    assert fresh["Cookie"] != headers["Cookie"]
    assert (await make_key(desk, fresh)).status_code == 201
    desk.rig.clock.advance(minutes=10, seconds=1)
    desk.gate._credentials.forget_all()
    assert (await make_key(desk, fresh)).status_code == 403


async def test_a_wrong_password_opens_nothing_and_is_on_the_trail(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("admin")
    desk.rig.clock.advance(minutes=11)
    wrong = await desk.http.post(STEP_UP, headers=headers, json={"password": "wrong horse"})
    problem(wrong, 403, "wrong_password")
    assert "set-cookie" not in wrong.headers
    problem(await make_key(desk, headers), 403, "step_up_required")
    last = (await desk.people.trail())[-1]
    assert (last.action, last.outcome, last.code) == ("stepped_up", "failed", "wrong_password")


async def test_a_proof_given_at_another_gateway_counts_here_at_once(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("admin")
    desk.rig.clock.advance(minutes=11)
    problem(await make_key(desk, headers), 403, "step_up_required")
    facts = await desk.rig.sessions.find(headers["Cookie"].partition("=")[2])
    elsewhere = Actor("user", str(facts.user_id), role=Role.ADMIN, session=str(facts.session_id))
    origin = Origin(actor=elsewhere.ref, correlation_id="elsewhere")
    command = StepUp("192.0.2.7", password=PASSWORD)
    await desk.people.app.step_up(command, Caller(elsewhere, origin))
    assert (await make_key(desk, headers)).status_code == 201


async def test_guesses_are_few_from_however_many_addresses(start: Any) -> None:
    async with start(trusted_proxies="127.0.0.1") as desk:
        headers = await desk.as_role("agent")
        codes = []
        for n in range(6):
            here = {**headers, "X-Forwarded-For": f"203.0.113.{n}"}
            body = {"password": "wrong horse"}
            codes.append((await desk.http.post(STEP_UP, headers=here, json=body)).status_code)
        assert codes == [403] * 5 + [429]


async def test_who_may_not_at_all_is_not_asked_to_step_up(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("manager")
    desk.rig.clock.advance(minutes=11)
    problem(await make_key(desk, headers), 403, "forbidden")
    nobody = await desk.http.post("/api/keys", json=NEW_KEY)
    problem(nobody, 401, "unauthenticated")

"""Signing in through the issuer over HTTP: cookies, pages and refusals, and what the gate adds."""

from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pyotp import TOTP
from starlette.types import Receive, Scope, Send

from deskstream_chassis.http.problem import not_found
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.http.app import create_inner_app
from gateway.interface.scope import ADDRESS, PRINCIPAL
from gateway.testing import Client, Rig, cheap_app

START, CALLBACK, OWN = "/api/auth/oidc/start", "/api/auth/oidc/callback", "/api/auth/oidc"
VERIFY = "/api/auth/factor/verify"


def walk_of(answer: httpx.Response) -> dict[str, str]:
    """The cookie that the start set."""
    assert answer.status_code == 303, answer.text
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return {morsel.key: morsel.value}


async def come_back(
    own_routes: Client, cookies: dict[str, str], said: dict[str, str]
) -> httpx.Response:
    """From the issuer, with the cookies that are sent across sites."""
    own_routes.cookies = cookies
    return await own_routes.anonymous("GET", CALLBACK, params=said)


async def link(own_routes: Client, subject: str = "ada") -> str:
    """An agent whose account is linked; the cookie of his session."""
    people = own_routes.people
    await people.agent()
    token = (await people.sign_in("ada@shop.test")).token
    out = await own_routes.as_session(token, "GET", f"{START}?link=1")
    said = people.rig.issuer.consent(out.headers["location"], subject)
    done = await come_back(own_routes, walk_of(out), said)
    assert (done.status_code, "Account linked" in done.text) == (200, True)
    return token


async def test_the_start_leads_to_the_issuer_and_marks_the_browser(own_routes: Client) -> None:
    answer = await own_routes.anonymous("GET", START)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://id.shop.test/authorize?")
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert morsel.key == "__Host-oidc"
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", "600")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "lax")
    assert morsel.value not in answer.headers["location"]


async def test_the_callback_signs_in_and_leads_on_by_a_page_of_ours(own_routes: Client) -> None:
    await link(own_routes)
    out = await own_routes.anonymous("GET", START)
    said = own_routes.people.rig.issuer.consent(out.headers["location"], "ada")
    done = await come_back(own_routes, walk_of(out), said)
    assert done.status_code == 200
    assert done.headers["cache-control"] == "no-store"
    assert '<meta http-equiv="refresh" content="0;url=/">' in done.text
    cookies = SimpleCookie()
    for header in done.headers.get_list("set-cookie"):
        cookies.load(header)
    assert cookies["__Host-oidc"].value == ""
    assert (cookies["__Host-sid"]["samesite"], cookies["__Host-sid"]["httponly"]) == (
        "strict",
        True,
    )
    assert cookies["__Host-sid"].value not in done.text
    who = await own_routes.as_session(cookies["__Host-sid"].value, "GET", "/api/auth/session")
    assert who.json()["user"]["email"] == "ada@shop.test"


async def test_an_account_with_a_second_factor_is_asked_for_a_code_by_cookie(
    own_routes: Client,
) -> None:
    people = own_routes.people
    await link(own_routes)
    secret, _ = await people.set_factor(await people.sign_in("ada@shop.test"))
    people.rig.clock.advance(minutes=2)
    out = await own_routes.anonymous("GET", START)
    said = people.rig.issuer.consent(out.headers["location"], "ada")
    done = await come_back(own_routes, walk_of(out), said)
    cookies = SimpleCookie()
    for header in done.headers.get_list("set-cookie"):
        cookies.load(header)
    assert "__Host-sid" not in cookies
    pending = cookies["__Host-pending"]
    assert (pending["samesite"], pending["max-age"], pending["httponly"]) == ("strict", "300", True)
    assert pending.value not in done.text
    body = {"code": TOTP(secret).at(people.rig.clock.now())}
    own_routes.cookies = {}
    without = await own_routes.anonymous("POST", VERIFY, json=body)
    assert (without.status_code, without.json()["code"]) == (401, "pending_invalid")
    own_routes.cookies = {"__Host-pending": pending.value}
    opened = await own_routes.anonymous("POST", VERIFY, json=body)
    assert opened.status_code == 200, opened.text
    assert opened.json()["user"]["role"] == "agent"
    cleared = [c for c in opened.headers.get_list("set-cookie") if "__Host-pending" in c]
    assert "Max-Age=0" in cleared[0]


async def test_refusals_are_alike_and_set_no_session(own_routes: Client) -> None:
    answers = []
    for subject, code in (("nobody", None), ("ada@shop.test", None), ("ada", "invented")):
        out = await own_routes.anonymous("GET", START)
        said = own_routes.people.rig.issuer.consent(out.headers["location"], subject)
        said |= {} if code is None else {"code": code}
        answers.append(await come_back(own_routes, walk_of(out), said))
    documents = [answer.json() | {"correlation_id": ""} for answer in answers]
    assert documents == [documents[0]] * 3
    assert (documents[0]["status"], documents[0]["code"]) == (403, "oidc_refused")
    assert all("set-cookie" not in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=&code=x",
        "code=x",
        "state=" + "A" * 43 + "&code=x",
        "state=" + "A" * 9000,
        "error=access_denied&state=x",
    ],
)
async def test_a_state_that_nobody_was_given_is_400(own_routes: Client, query: str) -> None:
    answer = await own_routes.anonymous("GET", f"{CALLBACK}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "state_invalid")
    noted = own_routes.people.rig.fake
    assert noted is not None
    assert noted.noted[-1]["code"] == "state_invalid"


async def test_who_does_not_consent_is_refused_and_the_state_is_used_up(
    own_routes: Client,
) -> None:
    out = await own_routes.anonymous("GET", START)
    said = own_routes.people.rig.issuer.consent(out.headers["location"], "ada")
    query = {"state": said["state"], "error": "access_denied", "error_description": "<b>no</b>"}
    for status in (403, 400):
        answer = await come_back(own_routes, walk_of(out), query)
        assert answer.status_code == status
        assert "<b>" not in answer.text


async def test_another_browser_ends_no_walk(own_routes: Client) -> None:
    out = await own_routes.anonymous("GET", START)
    said = own_routes.people.rig.issuer.consent(out.headers["location"], "ada")
    for cookies in ({}, walk_of(await own_routes.anonymous("GET", START))):
        answer = await come_back(own_routes, cookies, said)
        assert answer.status_code == 400


async def test_a_silent_issuer_is_503(own_routes: Client) -> None:
    own_routes.people.rig.issuer.down = True
    answer = await own_routes.anonymous("GET", START)
    assert (answer.status_code, answer.json()["code"]) == (503, "issuer_unavailable")


async def test_linking_without_a_session_or_with_an_old_proof_is_refused(
    own_routes: Client,
) -> None:
    await own_routes.people.agent()
    token = (await own_routes.people.sign_in("ada@shop.test")).token
    own_routes.people.rig.clock.advance(minutes=11)
    for answer in (
        await own_routes.anonymous("GET", f"{START}?link=1"),
        await own_routes.as_session(token, "GET", f"{START}?link=1"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "step_up_required")
    odd = await own_routes.anonymous("GET", f"{START}?link=yes")
    assert (odd.status_code, odd.json()["field"]) == (422, "link")


async def test_the_own_account_is_unlinked_once(own_routes: Client) -> None:
    token = await link(own_routes)
    statuses = [(await own_routes.as_session(token, "DELETE", OWN)).status_code for _ in range(2)]
    assert statuses == [204, 404]


async def test_without_a_configured_issuer_the_rows_answer_like_absent_ones(
    fake_rig: Rig,
) -> None:
    assert fake_rig.fake is not None
    fake = fake_rig.fake
    inner = create_inner_app(cheap_app(fake, fake, fake, fake_rig.clock), LocalLimiter())

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, PRINCIPAL: None, ADDRESS: "192.0.2.7"}, receive, send)

    transport = httpx.ASGITransport(app=gate)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        for path in (START, f"{START}?link=1", CALLBACK, f"{CALLBACK}?state=x&code=y"):
            answer = await http.get(path)
            absent = not_found().body(answer.headers["deskstream-correlation"])
            assert (answer.status_code, answer.json()) == (404, absent)
            assert "set-cookie" not in answer.headers


async def test_through_the_gate_the_whole_walk_needs_but_its_own_cookie(
    desk: Any,
) -> None:
    desk.stop_refilling()
    user = await desk.as_role("agent")
    mine = user["Cookie"]
    link_start = f"{START}?link=1"
    page = {"Sec-Fetch-Site": "same-origin"}
    out = await desk.http.get(link_start, headers={"Cookie": mine, **page})
    said = desk.rig.issuer.consent(out.headers["location"], "ada")
    walk = "; ".join(f"{name}={value}" for name, value in walk_of(out).items())
    back = f"{CALLBACK}?{urlencode(said)}"
    crossing = {"Sec-Fetch-Site": "cross-site"}
    done = await desk.http.get(back, headers={"Cookie": walk, **crossing})
    assert (done.status_code, "Account linked" in done.text) == (200, True)
    assert "style-src" in done.headers["content-security-policy"]
    out = await desk.http.get(START, headers=crossing)
    said = desk.rig.issuer.consent(out.headers["location"], "ada")
    walk = "; ".join(f"{name}={value}" for name, value in walk_of(out).items())
    twice = await desk.http.get(
        f"{CALLBACK}?{urlencode(said)}", headers={"Cookie": f"{walk}; __Host-oidc=x", **crossing}
    )
    assert twice.status_code == 400


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", None])
async def test_a_link_that_no_page_of_ours_asked_for_is_not_begun(
    desk: Any, site: str | None, problem: Callable[[httpx.Response, int, str], None]
) -> None:
    mine = {"Cookie": (await desk.as_role("agent"))["Cookie"]}
    headers = mine if site is None else {**mine, "Sec-Fetch-Site": site}
    answer = await desk.http.get(f"{START}?link=1", headers=headers)
    problem(answer, 403, "step_up_required")
    assert "set-cookie" not in answer.headers


async def test_unlinking_is_a_state_change_like_others(
    desk: Any, problem: Callable[[httpx.Response, int, str], None]
) -> None:
    headers = await desk.as_role("viewer")
    problem(await desk.http.delete(OWN), 401, "unauthenticated")
    without = {k: v for k, v in headers.items() if k != "X-CSRF-Token"}
    problem(await desk.http.delete(OWN, headers=without), 403, "csrf_token")
    problem(await desk.http.delete(OWN, headers=headers), 404, "not_found")

"""Proof, right, origin and limit of a request."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Check = Callable[[httpx.Response, int, str], None]
SITE = {"Sec-Fetch-Site": "same-origin"}


async def test_the_session_decides_not_what_comes_with_it(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")
    token = headers["Cookie"].partition("=")[2]
    for cookie in (
        "__Host-sid=garbage",
        f"sid={token}",
        f"__Host-sid={token}x",
        f"__Host-sid={token}; __Host-sid=other",
        f"__host-sid={token}",
        "__Host-sid=",
    ):
        answer = await desk.http.get("/api/tickets", headers={"Cookie": cookie})
        problem(answer, 401, "unauthenticated")
    assert (
        await desk.http.get("/api/tickets", headers={"Cookie": f"a=b; __Host-sid={token}"})
    ).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer ds_live_abc_def_123456",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
async def test_a_bad_authorization_is_401_even_beside_a_good_cookie(
    desk: Any, problem: Check, authorization: str
) -> None:
    headers = await desk.as_role("agent") | {"Authorization": authorization}
    problem(await desk.http.get("/api/tickets", headers=headers), 401, "unauthenticated")
    assert desk.ticketing.seen == []


async def test_an_internal_token_opens_nothing_from_outside(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("admin")
    await desk.http.get("/api/tickets", headers=headers)
    token = desk.ticketing.seen[0].header("deskstream-identity")
    for forged in ({"Deskstream-Identity": token}, {"Authorization": f"Bearer {token}"}):
        problem(await desk.http.get("/api/tickets", headers=forged), 401, "unauthenticated")
    assert len(desk.ticketing.seen) == 1


async def test_keys_reach_rows_that_name_their_scope_and_no_session_rows(
    desk: Any, problem: Check
) -> None:
    creates = await desk.as_key("tickets:create")
    views = await desk.as_key("tickets:view")
    cron = await desk.as_key("cron:check-slas")
    for headers in (creates, views, cron):
        for method, path in (
            ("GET", "/api/tickets"),
            ("GET", "/api/users"),
            ("GET", "/api/auth/session"),
            ("GET", "/api/keys"),
            ("POST", "/api/admin/tickets/12/reopen"),
            ("GET", "/api/cron/outbox"),
        ):
            problem(await desk.http.request(method, path, headers=headers), 403, "forbidden")
    assert (await desk.http.get("/api/tickets/12", headers=views)).status_code == 200
    problem(await desk.http.get("/api/tickets/12", headers=creates), 403, "forbidden")
    problem(await desk.http.post("/api/tickets/12/reply", headers=views, json={}), 403, "forbidden")
    answer = await desk.http.post("/api/tickets", headers=creates, json={})
    assert answer.status_code == 200


async def test_a_viewer_may_look_and_change_nothing_but_his_own(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("viewer")
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 200
    problem(await desk.http.post("/api/tickets", headers=headers, json={}), 403, "forbidden")
    assert (await desk.http.post("/api/auth/logout", headers=headers)).status_code == 204


async def test_roles_count_by_rank(desk: Any) -> None:
    expected = {"viewer": 403, "agent": 403, "manager": 200, "admin": 200}
    for role, status in expected.items():
        headers = await desk.as_role(role)
        assert (await desk.http.get("/api/admin/users", headers=headers)).status_code == status
        keys = await desk.http.get("/api/keys", headers=headers)
        assert keys.status_code == (200 if role == "admin" else 403)


@pytest.mark.parametrize(
    "dropped_or_changed",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": None},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.test"},
        {"Sec-Fetch-Site": None, "Origin": "null"},
        {"Sec-Fetch-Site": None, "Origin": "https://desk.shop.test.evil.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://desk.shop.test"},
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
    ],
)
async def test_a_change_without_full_proof_of_origin_is_403(
    desk: Any, dropped_or_changed: dict[str, str | None]
) -> None:
    headers = await desk.as_role("agent") | dropped_or_changed
    kept = {name: value for name, value in headers.items() if value is not None}
    for content_type in ("application/json", "text/plain", "multipart/form-data; boundary=b"):
        answer = await desk.http.post(
            "/api/tickets", headers=kept | {"Content-Type": content_type}, content=b"{}"
        )
        assert answer.status_code == 403
        assert answer.json()["code"] in {"cross_site", "csrf_token"}
    assert desk.ticketing.seen == []


async def test_the_exact_origin_is_proof_where_no_fetch_metadata_is_sent(desk: Any) -> None:
    headers = await desk.as_role("agent")
    del headers["Sec-Fetch-Site"]
    headers["Origin"] = "https://desk.shop.test"
    assert (await desk.http.post("/api/tickets", headers=headers, json={})).status_code == 200


async def test_signing_in_needs_our_own_page_but_no_token(desk: Any, problem: Check) -> None:
    await desk.as_role("agent")
    body = {"email": "agent@shop.test", "password": "seven blue lamps hum"}
    problem(await desk.http.post("/api/auth/login", json=body), 403, "cross_site")
    opened = await desk.http.post("/api/auth/login", json=body, headers=SITE)
    assert opened.status_code == 200
    cookie = opened.headers["set-cookie"]
    assert cookie.startswith("__Host-sid=")
    for flag in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert flag.lower() in cookie.lower()


async def test_signing_in_again_ends_the_session_whose_cookie_came_along(
    desk: Any, problem: Check
) -> None:
    headers = await desk.as_role("agent")
    body = {"email": "agent@shop.test", "password": "seven blue lamps hum"}
    again = SITE | {"Cookie": headers["Cookie"]}
    assert (await desk.http.post("/api/auth/login", json=body, headers=again)).status_code == 200
    problem(await desk.http.get("/api/tickets", headers=headers), 401, "unauthenticated")


async def test_signing_out_bites_at_once(desk: Any, problem: Check) -> None:
    headers = await desk.as_role("agent")
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 200
    assert (await desk.http.post("/api/auth/logout", headers=headers)).status_code == 204
    problem(await desk.http.get("/api/tickets", headers=headers), 401, "unauthenticated")


async def test_a_suspended_user_is_out_at_once_and_a_revoked_key_too(
    desk: Any, problem: Check
) -> None:
    agent, admin = await desk.as_role("agent"), await desk.as_role("admin")
    key = await desk.as_key("tickets:view")
    assert (await desk.http.get("/api/tickets", headers=agent)).status_code == 200
    assert (await desk.http.get("/api/tickets/12", headers=key)).status_code == 200
    user_id = await desk.people.id_of("agent@shop.test")
    url = f"/api/admin/users/{user_id}/status"
    body = {"status": "suspended"}
    assert (await desk.http.post(url, headers=admin, json=body)).status_code == 200
    problem(await desk.http.get("/api/tickets", headers=agent), 401, "unauthenticated")
    (made,) = (await desk.http.get("/api/keys", headers=admin)).json()["items"]
    gone = await desk.http.delete(f"/api/keys/{made['id']}", headers=admin)
    assert gone.status_code == 204
    problem(await desk.http.get("/api/tickets/12", headers=key), 401, "unauthenticated")


async def test_a_change_made_elsewhere_bites_within_five_seconds(desk: Any) -> None:
    headers = await desk.as_role("agent")
    now = 0.0
    desk.gate._credentials._clock = lambda: now
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 200
    user_id = await desk.people.id_of("agent@shop.test")
    from gateway.testing import operator

    await desk.people.change(operator(), user_id, "suspended")
    now = 5.0
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 401


async def test_a_store_that_is_down_refuses_and_never_allows(desk: Any, problem: Check) -> None:
    headers, key = await desk.as_role("agent"), await desk.as_key("tickets:view")
    desk.rig.fake.down = True
    for proof, path in ((headers, "/api/tickets"), (key, "/api/tickets/12")):
        answer = await desk.http.get(path, headers=proof)
        problem(answer, 503, "store_unavailable")
        assert answer.headers["retry-after"]
    assert desk.ticketing.seen == []
    assert (await desk.http.get("/api/health")).status_code == 200


async def test_only_use_by_a_person_renews_a_session(desk: Any) -> None:
    headers = await desk.as_role("agent")
    clock = desk.rig.clock
    clock.advance(minutes=20)
    await desk.http.get("/api/auth/session", headers=headers)
    await desk.http.get("/api/tickets", headers=headers | {"Deskstream-Background": "1"})
    desk.gate._credentials.forget_all()
    clock.advance(minutes=9)
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 200
    desk.gate._credentials.forget_all()
    clock.advance(minutes=29)
    quiet = headers | {"Deskstream-Background": "1"}
    assert (await desk.http.get("/api/tickets", headers=quiet)).status_code == 200
    desk.gate._credentials.forget_all()
    clock.advance(minutes=2)
    assert (await desk.http.get("/api/tickets", headers=headers)).status_code == 401


async def test_refusals_limits_and_key_use_are_noted(desk: Any) -> None:
    key = await desk.as_key("tickets:view")
    await desk.http.get("/api/tickets/12", headers=key)
    await desk.http.get("/api/tickets")
    await desk.http.get("/api/users", headers=key)
    told = [(n["action"], n["outcome"], n["code"], n["target"]) for n in desk.rig.fake.noted]
    assert told == [
        ("key_used", "ok", None, None),
        ("refused", "denied", "unauthenticated", "GET /api/tickets"),
        ("refused", "denied", "forbidden", "GET /api/users"),
    ]


async def test_an_absent_path_and_a_hidden_thing_look_the_same(desk: Any) -> None:
    headers = await desk.as_role("agent")
    absent = await desk.http.get("/api/nothing", headers=headers)
    waiting = await desk.http.get("/api/connections", headers=headers)
    from uuid import uuid4

    admin = await desk.as_role("admin")
    hidden = await desk.http.post(
        f"/api/admin/users/{uuid4()}/status", headers=admin, json={"status": "suspended"}
    )

    def shape(answer: httpx.Response) -> tuple[Any, ...]:
        body = {k: v for k, v in answer.json().items() if k != "correlation_id"}
        varying = {"date", "deskstream-correlation", "ratelimit", "ratelimit-policy"}
        kept = {k: v for k, v in answer.headers.items() if k not in varying}
        return answer.status_code, body, kept

    assert shape(absent) == shape(waiting) == shape(hidden)
    assert absent.status_code == 404


async def test_a_wrong_method_is_405_and_names_the_right_ones(desk: Any, problem: Check) -> None:
    for method in ("PATCH", "DELETE", "OPTIONS", "HEAD"):
        answer = await desk.http.request(method, "/api/tickets")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"
    problem(await desk.http.request("BREW", "/api/tickets"), 405, "method_not_allowed")
    assert (await desk.http.head("/api/health")).status_code == 200

"""Registration, the mailed link, signing in and out, the own account."""

from typing import Any

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from gateway.testing import PASSWORD, Client

REGISTRATION = {"email": "ada@shop.test", "name": "Ada Lovelace", "password": PASSWORD}


async def test_from_registration_to_the_own_session(own_routes: Client, admin_cookie: str) -> None:
    answer = await own_routes.anonymous("POST", "/api/auth/register", json=REGISTRATION)
    assert (answer.status_code, answer.json()) == (202, {"status": "pending"})
    (token,) = await own_routes.people.tokens()
    answer = await own_routes.anonymous("POST", "/api/auth/verify-email", json={"token": token})
    assert (answer.status_code, answer.json()) == (200, {"status": "waiting"})

    waiting = await own_routes.as_session(admin_cookie, "GET", "/api/admin/users?status=waiting")
    (item,) = waiting.json()["items"]
    assert (item["email"], item["status"], item["role"]) == ("ada@shop.test", "waiting", None)
    approved = await own_routes.as_session(
        admin_cookie,
        "POST",
        f"/api/admin/users/{item['id']}/status",
        json={"status": "active", "role": "agent", "teams": [str(SUPPORT_TEAM_ID)]},
    )
    assert approved.status_code == 200
    assert (approved.json()["status"], approved.json()["role"]) == ("active", "agent")

    login = await own_routes.anonymous(
        "POST", "/api/auth/login", json={"email": "ada@shop.test", "password": PASSWORD}
    )
    assert login.status_code == 200
    cookie = login.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == "__Host-sid"
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=strict", "Max-Age=43200"):
        assert attribute in cookie
    token = rest.partition(";")[0]
    mine = (await own_routes.as_session(token, "GET", "/api/auth/session")).json()
    assert mine["user"]["email"] == "ada@shop.test"
    assert mine["csrf"] == login.json()["csrf"]
    assert mine["expires_at"] == "2026-03-02T21:00:00Z"
    role = await own_routes.as_session(token, "GET", "/api/auth/user-role")
    assert role.json() == {"role": "agent"}
    out = await own_routes.as_session(token, "POST", "/api/auth/logout")
    assert out.status_code == 204
    assert '__Host-sid=""' in out.headers["set-cookie"]
    assert (await own_routes.as_session(token, "GET", "/api/auth/session")).status_code == 401


async def test_registering_answers_the_same_for_a_known_address(own_routes: Client) -> None:
    one = await own_routes.anonymous("POST", "/api/auth/register", json=REGISTRATION)
    two = await own_routes.anonymous("POST", "/api/auth/register", json=REGISTRATION)
    assert (one.status_code, one.content) == (two.status_code, two.content)
    varying = {"deskstream-correlation", "date"}
    assert {k: v for k, v in one.headers.items() if k not in varying} == {
        k: v for k, v in two.headers.items() if k not in varying
    }


async def test_a_failed_sign_in_tells_nothing(own_routes: Client) -> None:
    await own_routes.people.agent()
    bodies = []
    for email in ("ada@shop.test", "nobody@shop.test", "not an address"):
        answer = await own_routes.anonymous(
            "POST", "/api/auth/login", json={"email": email, "password": "wrong words entirely"}
        )
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        body = answer.json()
        body.pop("correlation_id")
        bodies.append(body)
    assert bodies[0]["code"] == "sign_in_failed"
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/auth/register", {**REGISTRATION, "email": "ada"}, "email"),
        ("/api/auth/register", {**REGISTRATION, "email": "a@b\r\nc.test"}, "email"),
        ("/api/auth/register", {**REGISTRATION, "name": " \u200b "}, "name"),
        ("/api/auth/register", {**REGISTRATION, "name": "x" * 121}, "name"),
        ("/api/auth/register", {**REGISTRATION, "password": "short"}, "password"),
        ("/api/auth/register", {**REGISTRATION, "role": "admin"}, "role"),
        ("/api/auth/register", {"email": "ada@shop.test", "name": "Ada"}, "password"),
        ("/api/auth/login", {"email": "a@b.test", "password": 7}, "password"),
        ("/api/auth/verify-email", {"token": "short"}, "token"),
        ("/api/auth/verify-email", {"token": "A" * 43, "more": 1}, "more"),
        ("/api/auth/resend-verification", {"email": "nobody"}, "email"),
    ],
)
async def test_bad_input_is_422_with_the_field_and_without_the_value(
    own_routes: Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await own_routes.anonymous("POST", path, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field
    for value in body.values():
        if isinstance(value, str) and len(value) > 8:
            assert value not in answer.text


@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/verify-email"])
async def test_what_is_not_json_is_400(own_routes: Client, path: str) -> None:
    answer = await own_routes.anonymous(
        "POST", path, content=b"{not json", headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"


async def test_the_page_behind_the_link_changes_nothing_and_posts_the_token(
    own_routes: Client,
) -> None:
    await own_routes.people.register()
    (token,) = await own_routes.people.tokens()
    page = await own_routes.anonymous("GET", f"/verify-email?token={token}")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert '<form method="post" action="/api/auth/verify-email">' in page.text
    assert f'value="{token}"' in page.text
    user_id = await own_routes.people.id_of("ada@shop.test")
    assert (await own_routes.people.rig.queries.user(user_id)).status == "unverified"

    posted = await own_routes.anonymous("POST", "/api/auth/verify-email", data={"token": token})
    assert posted.status_code == 200
    assert posted.headers["content-type"].startswith("text/html")
    assert (await own_routes.people.rig.queries.user(user_id)).status == "waiting"
    again = await own_routes.anonymous("POST", "/api/auth/verify-email", data={"token": token})
    assert again.status_code == 400
    assert "does not work" in again.text


async def test_the_page_puts_no_foreign_markup_into_itself(own_routes: Client) -> None:
    page = await own_routes.anonymous(
        "GET", "/verify-email", params={"token": '"><script>x</script>'}
    )
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    "content", [b"token=short", b"", b"token=\xff\xfe", b"a=1&b=2&c=3&d=4&e=5&f=6"]
)
async def test_a_form_without_a_proper_token_gets_the_page_that_says_so(
    own_routes: Client, content: bytes
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await own_routes.anonymous(
        "POST", "/api/auth/verify-email", content=content, headers=headers
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_own_password_is_changed_with_the_old_one(own_routes: Client) -> None:
    await own_routes.people.agent()
    token = (await own_routes.people.sign_in("ada@shop.test")).token
    path = "/api/auth/change-password"
    wrong = {"old_password": "not the old one", "new_password": "nine green doors sing"}
    answer = await own_routes.as_session(token, "POST", path, json=wrong)
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    weak = {"old_password": PASSWORD, "new_password": "short"}
    answer = await own_routes.as_session(token, "POST", path, json=weak)
    assert (answer.status_code, answer.json()["field"]) == (422, "new_password")
    right = {"old_password": PASSWORD, "new_password": "nine green doors sing"}
    changed = await own_routes.as_session(token, "POST", path, json=right)
    assert changed.status_code == 204
    cookie = changed.headers["set-cookie"]
    assert cookie.startswith("__Host-sid=")
    assert token not in cookie
    fresh = cookie.partition("=")[2].partition(";")[0]
    mine = [await own_routes.as_session(t, "GET", "/api/auth/session") for t in (token, fresh)]
    assert [answer.status_code for answer in mine] == [200, 200]
    assert mine[0].json() == mine[1].json()
    assert await own_routes.people.sign_in("ada@shop.test", "nine green doors sing")


async def test_the_own_sessions_are_listed_and_ended(own_routes: Client) -> None:
    await own_routes.people.agent()
    tokens = []
    for agent in ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "curl/8"):
        login = await own_routes.anonymous(
            "POST",
            "/api/auth/login",
            json={"email": "ada@shop.test", "password": PASSWORD},
            headers={"User-Agent": agent},
        )
        tokens.append(login.headers["set-cookie"].partition("=")[2].partition(";")[0])
    here, there = tokens
    path = "/api/auth/sessions"
    items = (await own_routes.as_session(here, "GET", path)).json()["items"]
    assert [(item["device"], item["current"]) for item in items] == [
        ("Firefox, Linux", True),
        ("Unknown browser", False),
    ]
    assert set(items[0]) == {
        "id",
        "device",
        "created_at",
        "last_seen_at",
        "expires_at",
        "current",
    }
    gone = await own_routes.as_session(here, "DELETE", f"{path}/{items[1]['id']}")
    assert gone.status_code == 204
    assert "set-cookie" not in gone.headers
    assert (await own_routes.as_session(there, "GET", path)).status_code == 401
    again = await own_routes.as_session(here, "DELETE", f"{path}/{items[1]['id']}")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    own = await own_routes.as_session(here, "DELETE", f"{path}/{items[0]['id']}")
    assert own.status_code == 204
    assert '__Host-sid=""' in own.headers["set-cookie"]


async def test_an_unknown_path_below_auth_is_404_for_the_signed_in(
    own_routes: Client, admin_cookie: str
) -> None:
    assert (
        await own_routes.as_session(admin_cookie, "GET", "/api/auth/anything")
    ).status_code == 404

"""A forgotten password over HTTP: one answer for all addresses, the page, the form and JSON."""

import time
from typing import Any

import pytest

from gateway.interface.http.even_time import LEAST
from gateway.testing import Client

NEW_PASSWORD = "nine green doors sing"
FORGOT, RESET = "/api/auth/forgot-password", "/api/auth/reset-password"


async def mailed(own_routes: Client) -> str:
    """A link that was just mailed to an agent."""
    await own_routes.people.agent()
    answer = await own_routes.anonymous("POST", FORGOT, json={"email": "ada@shop.test"})
    assert answer.status_code == 202
    return (await own_routes.people.resets())[-1]


async def test_asking_is_answered_the_same_for_every_address(own_routes: Client) -> None:
    await own_routes.people.agent()
    answers = [
        await own_routes.anonymous("POST", FORGOT, json={"email": email})
        for email in ("ada@shop.test", "nobody@shop.test")
    ]
    assert {(a.status_code, a.content) for a in answers} == {(202, b'{"status":"pending"}')}
    varying = {"deskstream-correlation", "date"}
    one, two = ({k: v for k, v in a.headers.items() if k not in varying} for a in answers)
    assert one == two


@pytest.mark.parametrize("path", [FORGOT, "/api/auth/resend-verification"])
async def test_no_answer_comes_before_the_time_that_all_take(own_routes: Client, path: str) -> None:
    await own_routes.people.agent()
    await own_routes.people.register("new@shop.test")
    for email in ("ada@shop.test", "new@shop.test", "nobody@shop.test"):
        begun = time.monotonic()
        answer = await own_routes.anonymous("POST", path, json={"email": email})
        assert answer.status_code == 202
        assert time.monotonic() - begun >= LEAST - 0.01


async def test_json_sets_the_password_and_opens_no_session(own_routes: Client) -> None:
    token = await mailed(own_routes)
    body = {"token": token, "new_password": NEW_PASSWORD}
    answer = await own_routes.anonymous("POST", RESET, json=body)
    assert (answer.status_code, answer.json()) == (200, {"status": "changed"})
    assert "set-cookie" not in answer.headers
    assert await own_routes.people.sign_in("ada@shop.test", NEW_PASSWORD)
    again = await own_routes.anonymous("POST", RESET, json=body)
    assert (again.status_code, again.json()["code"]) == (400, "link_invalid")


async def test_the_page_changes_nothing_and_its_form_sets_the_password(own_routes: Client) -> None:
    token = await mailed(own_routes)
    for _ in range(2):
        page = await own_routes.anonymous("GET", f"/reset-password?token={token}")
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert f'<form method="post" action="{RESET}">' in page.text
        assert f'value="{token}"' in page.text
    weak = await own_routes.anonymous("POST", RESET, data={"token": token, "new_password": "no"})
    assert weak.status_code == 422
    assert "must have at least 15 characters" in weak.text
    assert f'value="{token}"' in weak.text
    form = {"token": token, "new_password": NEW_PASSWORD}
    done = await own_routes.anonymous("POST", RESET, data=form)
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    assert "Password changed" in done.text
    again = await own_routes.anonymous("POST", RESET, data=form)
    assert again.status_code == 400
    assert "does not work" in again.text
    assert await own_routes.people.sign_in("ada@shop.test", NEW_PASSWORD)


async def test_the_reset_page_puts_no_foreign_markup_into_itself(own_routes: Client) -> None:
    page = await own_routes.anonymous(
        "GET", "/reset-password", params={"token": '"><script>x</script>'}
    )
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (FORGOT, {"email": "nobody"}, "email"),
        (FORGOT, {"email": "ada@shop.test", "name": "Ada"}, "name"),
        (RESET, {"token": "short", "new_password": NEW_PASSWORD}, "token"),
        (RESET, {"token": "A" * 43}, "new_password"),
        (RESET, {"token": "A" * 43, "new_password": "x" * 1025}, "new_password"),
    ],
)
async def test_a_bad_reset_is_422_with_the_field_and_without_the_value(
    own_routes: Client, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await own_routes.anonymous("POST", path, json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert NEW_PASSWORD not in answer.text


async def test_asking_again_and_again_is_limited_per_address(own_routes: Client) -> None:
    answers = [
        await own_routes.anonymous("POST", FORGOT, json={"email": "nobody@shop.test"})
        for _ in range(12)
    ]
    assert {a.status_code for a in answers} == {202, 429}

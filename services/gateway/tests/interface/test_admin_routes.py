"""Who reaches which of the gateway's own routes; accounts, teams and keys behind them."""

from typing import Any
from uuid import uuid4

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from gateway.application.create_key import CreateKey
from gateway.application.ports import KeyFacts, SessionFacts
from gateway.interface.scope import PRINCIPAL
from gateway.testing import Client, operator

GUARDED = [
    ("GET", "/api/auth/session", "viewer"),
    ("GET", "/api/auth/user-role", "viewer"),
    ("POST", "/api/auth/logout", "viewer"),
    ("GET", "/api/auth/sessions", "viewer"),
    ("DELETE", f"/api/auth/sessions/{uuid4()}", "viewer"),
    ("POST", "/api/auth/change-password", "viewer"),
    ("GET", "/api/users", "viewer"),
    ("GET", "/api/teams", "viewer"),
    ("GET", "/api/admin/users", "manager"),
    ("POST", f"/api/admin/users/{uuid4()}/status", "manager"),
    ("PUT", f"/api/admin/users/{uuid4()}/teams", "manager"),
    ("GET", "/api/ops/streams", "manager"),
    ("GET", "/api/ops/effects", "manager"),
    ("POST", f"/api/ops/effects/{uuid4()}/resolve", "manager"),
    ("POST", f"/api/ops/streams/ticketing/parked/{uuid4()}/replay", "manager"),
    ("POST", f"/api/ops/streams/ticketing/dead-letters/{uuid4()}/replay", "manager"),
    ("POST", "/api/teams", "admin"),
    ("PUT", f"/api/teams/{uuid4()}", "admin"),
    ("GET", "/api/audit", "admin"),
    ("GET", "/api/keys", "admin"),
    ("POST", "/api/keys", "admin"),
    ("DELETE", "/api/keys/000000000000", "admin"),
    ("POST", "/api/keys/000000000000/rotate", "admin"),
]


@pytest.mark.parametrize(("method", "path", "role"), GUARDED)
async def test_without_a_principal_it_is_401_and_below_the_role_403(
    own_routes: Client, method: str, path: str, role: str
) -> None:
    assert (await own_routes.anonymous(method, path, content=b"{not json")).status_code == 401
    ranks = ["viewer", "agent", "manager", "admin"]
    for lower in ranks[: ranks.index(role)]:
        email = f"{lower}@shop.test"
        await own_routes.people.agent(email, role=lower)  # type: ignore[arg-type]
        token = (await own_routes.people.sign_in(email)).token
        answer = await own_routes.as_session(token, method, path, content=b"{not json")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_key_reaches_none_of_them(own_routes: Client) -> None:
    scopes = ("events", "tickets:modify:all")
    made = await own_routes.people.app.create_key(CreateKey("Shop", scopes), operator())
    for method, path, _ in GUARDED:
        assert (await own_routes.as_key(made.secret, method, path)).status_code == 403


async def test_a_suspended_session_is_nobody(own_routes: Client) -> None:
    await own_routes.people.agent()
    token = (await own_routes.people.sign_in("ada@shop.test")).token
    facts = await own_routes.people.rig.sessions.find(token)
    assert isinstance(facts, SessionFacts)
    suspended = SessionFacts(**{**vars(facts), "active": False})
    own_routes.scope[PRINCIPAL] = suspended
    assert (await own_routes.http.get("/api/auth/session")).status_code == 401


async def test_the_guards_of_roles_are_told_with_stable_codes(
    own_routes: Client, admin_cookie: str
) -> None:
    root = await own_routes.people.id_of("root@shop.test")
    await own_routes.people.agent("boss@shop.test", role="manager")
    manager = (await own_routes.people.sign_in("boss@shop.test")).token
    path = f"/api/admin/users/{root}/status"
    body = {"status": "suspended"}
    touched = await own_routes.as_session(manager, "POST", path, json=body)
    assert (touched.status_code, touched.json()["code"]) == (403, "admin_untouchable")
    own = await own_routes.as_session(admin_cookie, "POST", path, json=body)
    assert (own.status_code, own.json()["code"]) == (403, "own_role")
    unknown = await own_routes.as_session(
        admin_cookie, "POST", f"/api/admin/users/{uuid4()}/status", json=body
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_unknown_teams_and_missing_roles_name_their_field(
    own_routes: Client, admin_cookie: str
) -> None:
    await own_routes.people.register()
    await own_routes.people.verify((await own_routes.people.tokens())[0])
    user_id = await own_routes.people.id_of("ada@shop.test")
    path = f"/api/admin/users/{user_id}/status"
    no_role = await own_routes.as_session(admin_cookie, "POST", path, json={"status": "active"})
    assert (no_role.status_code, no_role.json()["field"]) == (422, "role")
    body = {"status": "active", "role": "agent", "teams": [str(uuid4())]}
    no_team = await own_routes.as_session(admin_cookie, "POST", path, json=body)
    assert (no_team.status_code, no_team.json()["code"]) == (422, "unknown_team")
    teams = f"/api/admin/users/{user_id}/teams"
    early = await own_routes.as_session(admin_cookie, "PUT", teams, json={"teams": []})
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")


async def test_teams_and_colleagues_are_listed(own_routes: Client, admin_cookie: str) -> None:
    await own_routes.people.agent()
    await own_routes.people.register("waiting@shop.test")
    teams = await own_routes.as_session(admin_cookie, "GET", "/api/teams")
    assert teams.json()["items"] == [
        {"id": str(SUPPORT_TEAM_ID), "title": "Support", "restricted": False}
    ]
    users = await own_routes.as_session(admin_cookie, "GET", "/api/users")
    assert [item["name"] for item in users.json()["items"]] == ["Root", "Ada Lovelace"]
    assert set(users.json()["items"][0]) == {"id", "name", "role", "teams"}


async def test_an_admin_makes_a_team_and_opens_it(own_routes: Client, admin_cookie: str) -> None:
    body = {"title": "Credit", "restricted": True}
    made = await own_routes.as_session(admin_cookie, "POST", "/api/teams", json=body)
    assert made.status_code == 201
    team = made.json()
    assert team == {"id": team["id"], **body}
    path = f"/api/teams/{team['id']}"
    body = {"title": "Credit desk", "restricted": False}
    changed = await own_routes.as_session(admin_cookie, "PUT", path, json=body)
    assert (changed.status_code, changed.json()) == (200, {"id": team["id"], **body})
    half = await own_routes.as_session(admin_cookie, "PUT", path, json={"title": "Credit"})
    assert (half.status_code, half.json()["field"]) == (422, "restricted")
    empty = await own_routes.as_session(admin_cookie, "POST", "/api/teams", json={"title": " "})
    assert (empty.status_code, empty.json()["field"]) == (422, "title")
    unknown = await own_routes.as_session(admin_cookie, "PUT", f"/api/teams/{uuid4()}", json=body)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_accounts_come_in_pages(own_routes: Client, admin_cookie: str) -> None:
    for n in range(4):
        await own_routes.people.register(f"a{n}@shop.test")
    seen, path = [], "/api/admin/users?limit=2"
    while True:
        answer = (await own_routes.as_session(admin_cookie, "GET", path)).json()
        seen += [item["email"] for item in answer["items"]]
        if answer["next"] is None:
            break
        path = f"/api/admin/users?limit=2&cursor={answer['next']}"
    assert seen == ["root@shop.test", *(f"a{n}@shop.test" for n in range(4))]
    for bad in ("limit=0", "limit=101", "cursor=x", "status=gone"):
        answer = await own_routes.as_session(admin_cookie, "GET", f"/api/admin/users?{bad}")
        assert answer.status_code == 422


async def test_a_keys_secret_is_shown_once(own_routes: Client, admin_cookie: str) -> None:
    body = {"name": "Shop", "scopes": ["tickets:create"], "rate_per_minute": 100}
    headers = {"Idempotency-Key": "make-it-once"}
    made = await own_routes.as_session(
        admin_cookie, "POST", "/api/keys", json=body, headers=headers
    )
    assert made.status_code == 201
    secret, key_id = made.json()["secret"], made.json()["id"]
    assert isinstance(await own_routes.people.rig.keys.find(secret), KeyFacts)
    again = await own_routes.as_session(
        admin_cookie, "POST", "/api/keys", json=body, headers=headers
    )
    assert (again.status_code, again.json()["code"]) == (409, "shown_once")
    listed = await own_routes.as_session(admin_cookie, "GET", "/api/keys")
    assert [item["id"] for item in listed.json()["items"]] == [key_id]
    assert "secret" not in listed.json()["items"][0]
    gone = await own_routes.as_session(admin_cookie, "DELETE", f"/api/keys/{key_id}")
    assert gone.status_code == 204
    assert (
        await own_routes.as_session(admin_cookie, "DELETE", f"/api/keys/{key_id}")
    ).status_code == 404
    assert await own_routes.people.rig.keys.find(secret) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scopes": ["nonsense"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"expires_at": "2026-03-02T08:59:59Z"}, "expires_at"),
        ({"expires_at": "2026-03-02T10:00:00"}, "expires_at"),
        ({"rate_per_minute": 0}, "rate_per_minute"),
        ({"name": "\n"}, "name"),
        ({"secret": "mine"}, "secret"),
    ],
)
async def test_a_bad_key_is_refused_with_its_field(
    own_routes: Client, admin_cookie: str, change: dict[str, Any], field: str
) -> None:
    body = {"name": "Shop", "scopes": ["events"], **change}
    answer = await own_routes.as_session(admin_cookie, "POST", "/api/keys", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_rotated_keys_new_secret_is_shown_once(
    own_routes: Client, admin_cookie: str
) -> None:
    made = await own_routes.people.app.create_key(CreateKey("Shop", ("events",)), operator())
    path, headers = f"/api/keys/{made.key.key_id}/rotate", {"Idempotency-Key": "rotate-once"}
    body = {"overlap_seconds": 3600}
    answer = await own_routes.as_session(admin_cookie, "POST", path, json=body, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["previous_until"] == "2026-03-02T10:00:00Z"
    for secret in (made.secret, answer.json()["secret"]):
        assert await own_routes.people.rig.keys.find(secret) is not None
    again = await own_routes.as_session(admin_cookie, "POST", path, json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "shown_once")
    for wrong in (-1, 86_401, "soon"):
        body = {"overlap_seconds": wrong}
        refused = await own_routes.as_session(admin_cookie, "POST", path, json=body)
        assert (refused.status_code, refused.json()["field"]) == (422, "overlap_seconds")
    unknown = await own_routes.as_session(
        admin_cookie, "POST", "/api/keys/000000000000/rotate", json={"overlap_seconds": 0}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")


async def test_a_lost_factor_is_taken_off_once_by_an_admin(
    own_routes: Client, admin_cookie: str
) -> None:
    people = own_routes.people
    user_id = await people.agent()
    await people.set_factor(await people.sign_in("ada@shop.test"))
    path = f"/api/admin/users/{user_id}/reset-factor"
    body, headers = {"reason": "lost the telephone"}, {"Idempotency-Key": "reset-once"}
    for _ in range(2):
        answer = await own_routes.as_session(admin_cookie, "POST", path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["has_factor"]) == (200, False)
    again = await own_routes.as_session(admin_cookie, "POST", path, json={})
    assert (again.status_code, again.json()["code"]) == (409, "no_factor")
    long = await own_routes.as_session(admin_cookie, "POST", path, json={"reason": "x" * 501})
    assert (long.status_code, long.json()["field"]) == (422, "reason")
    own = f"/api/admin/users/{await people.id_of('root@shop.test')}/reset-factor"
    himself = await own_routes.as_session(admin_cookie, "POST", own, json={})
    assert (himself.status_code, himself.json()["code"]) == (403, "own_role")

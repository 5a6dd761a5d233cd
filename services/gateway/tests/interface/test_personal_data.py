"""Marked personal data goes in through every own route and is looked for everywhere else."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deskstream_eventstore import Database
from gateway.infra.db.summing_audit import SummingAudit
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.http.app import create_inner_app
from gateway.testing import Cast, Client, Rig

EMAIL = "zaphod.marker@private.test"
NAME = "Zaphod Markerson"
PASSWORD = "zarquon marker towels"
REASON = "marker reason dismissed"
MARKS = ("zaphod", "markerson", "private.test", "zarquon", "marker reason", "192.0.2.77")
MAY_HOLD = {"user_view"}
"""Tables that are about people. `events.data` of accounts is looked at by itself."""


@pytest.fixture
async def routes(real_rig: Rig) -> AsyncIterator[Client]:
    people = Cast(real_rig)
    await people.support()
    await people.admin()
    inner = create_inner_app(people.app, LocalLimiter())
    handed: dict[str, Any] = {}

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, **handed}, receive, send)

    transport = httpx.ASGITransport(app=gate)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        yield Client(people, http, handed, address="192.0.2.77")


async def use_every_route(routes: Client) -> list[httpx.Response]:
    """The whole life of an account, each step also gone wrong; the answers of what went wrong."""
    people = routes.people
    registration = {"email": EMAIL, "name": NAME, "password": PASSWORD}
    variants = (registration, {**registration, "password": "zarquon"}, {**registration, "x": 1})
    wrong = [await routes.anonymous("POST", "/api/auth/register", json=v) for v in variants]
    await routes.anonymous("POST", "/api/auth/resend-verification", json={"email": EMAIL})
    wrong.append(
        await routes.anonymous("POST", "/api/auth/verify-email", json={"token": f"{EMAIL:x>43}"})
    )
    await people.verify((await people.tokens(EMAIL))[0])
    admin = (await people.sign_in("root@shop.test")).token
    user_id = await people.id_of(EMAIL)
    status = f"/api/admin/users/{user_id}/status"
    await routes.as_session(admin, "POST", status, json={"status": "active", "role": "agent"})
    login = {"email": EMAIL, "password": PASSWORD}
    variants = ({**login, "password": "zarquon wrong"}, {**login, "name": NAME}, {"email": EMAIL})
    wrong += [await routes.anonymous("POST", "/api/auth/login", json=v) for v in variants]
    opened = await people.sign_in(EMAIL, PASSWORD)
    change = {"old_password": "zarquon wrong", "new_password": PASSWORD + " new"}
    path = "/api/auth/change-password"
    wrong.append(await routes.as_session(opened.token, "POST", path, json=change))
    change["old_password"] = PASSWORD
    await routes.as_session(opened.token, "POST", path, json=change)
    await routes.anonymous("POST", "/api/auth/forgot-password", json={"email": EMAIL})
    reset = {"token": (await people.resets(EMAIL))[0], "new_password": "zarquon"}
    path = "/api/auth/reset-password"
    wrong.append(await routes.anonymous("POST", path, json=reset))
    await routes.anonymous("POST", path, json={**reset, "new_password": PASSWORD + " reset"})
    wrong += await use_a_factor(routes)
    headers = {"Idempotency-Key": "once"}
    body = {"status": "suspended", "reason": REASON}
    for _ in range(2):
        await routes.as_session(admin, "POST", status, json=body, headers=headers)
    body["reason"] = REASON * 99
    wrong.append(await routes.as_session(admin, "POST", status, json=body))
    return [answer for answer in wrong if answer.status_code >= 400]


async def use_a_factor(routes: Client) -> list[httpx.Response]:
    """Set one, step up, sign in with it; each also gone wrong."""
    people, step_up = routes.people, "/api/auth/step-up"
    opened = await people.sign_in(EMAIL, PASSWORD + " reset")
    token, factor = opened.token, "/api/auth/factor"
    wrong = [await routes.as_session(token, "POST", step_up, json={"password": "zarquon"})]
    uri = (await routes.as_session(token, "POST", factor, json={})).json()["uri"]
    assert "zaphod.marker" in uri
    wrong.append(await routes.as_session(token, "POST", factor, json={"code": "zarquon"}))
    _, enabled = await people.set_factor(opened)
    wrong.append(
        await routes.as_session(enabled.token, "POST", step_up, json={"password": "zarquon"})
    )
    pending = await people.first_step(EMAIL, PASSWORD + " reset")
    verify = "/api/auth/factor/verify"
    for code in ("zarquon", enabled.recovery_codes[0]):
        body = {"pending": pending, "code": code}
        wrong.append(await routes.anonymous("POST", verify, json=body))
    admin = (await people.sign_in("root@shop.test")).token
    reset = f"/api/admin/users/{await people.id_of(EMAIL)}/reset-factor"
    for _ in range(2):
        answer = await routes.as_session(admin, "POST", reset, json={"reason": REASON})
        wrong.append(answer)
    return wrong


async def test_personal_data_stays_where_it_belongs(
    routes: Client, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = await use_every_route(routes)
    assert len(wrong) >= 6
    audit = routes.people.rig.audit
    assert isinstance(audit, SummingAudit)
    await audit.flush(all_of_them=True)

    places = {f"answer {a.request.url.path} {a.status_code}": a.text for a in wrong}
    places |= {f"headers {n}": str(a.headers) for n, a in enumerate(wrong)}
    out, err = capfd.readouterr()  # the gate writes the lines of requests; it has its own proof
    places |= {"stdout": out, "stderr": err}
    async with database.reading() as work:
        tables = await work.connection.fetch(
            "select tablename from pg_tables where schemaname = 'public'"
        )
        for (table,) in tables:
            if table in MAY_HOLD:
                continue
            columns = "(to_jsonb(t) - 'data')" if table == "events" else "t"
            rows = await work.connection.fetch(f'select {columns}::text as row from "{table}" t')
            places[table] = " ".join(row["row"] for row in rows)
        rows = await work.connection.fetch(
            "select data::text as row from events where stream_type <> 'gateway.user'"
        )
        places["events of teams and audit"] = " ".join(row["row"] for row in rows)
    found = [
        (mark, place) for place, text in places.items() for mark in MARKS if mark in text.lower()
    ]
    assert found == []
    assert "sign_in_failed" in places["events of teams and audit"]

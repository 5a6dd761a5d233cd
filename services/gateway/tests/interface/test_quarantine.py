"""`/api/ops/inbound`: what the notifier does not trust, for managers, and letting it out."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deskstream_chassis.operations import OperationFailed
from gateway.application.quarantine import Place, QuarantinedMail
from gateway.application.service_operations import Decision, ServiceSilent
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.http.app import create_inner_app
from gateway.testing import NINE, Cast, Client, Rig, cheap_app

BODY = {"reason": "we know him"}


@dataclass
class Shelf:
    """The notifier's quarantine in memory."""

    mails: list[QuarantinedMail] = field(default_factory=list)
    decided: list[tuple[UUID, Decision]] = field(default_factory=list)
    silent: str | None = None

    def add(self, minutes: int) -> QuarantinedMail:
        at = NINE + timedelta(minutes=minutes)
        mail = QuarantinedMail(
            uuid4(), "several_senders", "support@shop.test", "a@b.test", "Pay", 9, 1, at
        )
        self.mails.append(mail)
        return mail

    async def waiting(self, after: Place | None, limit: int) -> Sequence[QuarantinedMail]:
        if self.silent:
            raise ServiceSilent(self.silent)
        found = sorted(self.mails, key=lambda mail: (mail.at, mail.id))
        return [mail for mail in found if after is None or (mail.at, mail.id) > after][:limit]

    async def release(self, inbound_id: UUID, decision: Decision) -> None:
        if inbound_id not in {mail.id for mail in self.mails}:
            raise OperationFailed("unknown_inbound")
        if inbound_id in {one for one, _ in self.decided}:
            raise OperationFailed("not_quarantined")
        self.decided.append((inbound_id, decision))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def routes(fake_rig: Rig, shelf: Shelf) -> AsyncIterator[Client]:
    fake = fake_rig.fake
    assert fake is not None
    app = cheap_app(fake, fake, fake, fake_rig.clock, quarantine=shelf)
    people = Cast(replace(fake_rig, app=app))
    await people.support()
    inner = create_inner_app(app, LocalLimiter())
    handed: dict[str, Any] = {}

    async def gate(scope: Scope, receive: Receive, send: Send) -> None:
        await inner({**scope, **handed}, receive, send)

    transport = httpx.ASGITransport(app=gate)
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as http:
        yield Client(people, http, handed)


@pytest.fixture
async def manager(routes: Client) -> str:
    await routes.people.agent("mia@shop.test", role="manager")
    return (await routes.people.sign_in("mia@shop.test")).token


async def test_the_quarantine_is_listed_oldest_first_in_pages(
    routes: Client, shelf: Shelf, manager: str
) -> None:
    later, first = shelf.add(2), shelf.add(1)
    page = (await routes.as_session(manager, "GET", "/api/ops/inbound?limit=1")).json()
    assert [(one["id"], one["cause"]) for one in page["items"]] == [
        (str(first.id), "several_senders")
    ]
    path = f"/api/ops/inbound?limit=1&cursor={page['next']}"
    rest = (await routes.as_session(manager, "GET", path)).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == ([str(later.id)], None)


async def test_a_release_is_told_with_who_and_why_and_stands_in_the_trail(
    routes: Client, shelf: Shelf, manager: str
) -> None:
    path = f"/api/ops/inbound/{shelf.add(1).id}/release"
    codes = [
        (await routes.as_session(manager, "POST", where, json=BODY)).status_code
        for where in (path, path, f"/api/ops/inbound/{uuid4()}/release")
    ]
    assert codes == [204, 409, 404]
    ((_, decision),) = shelf.decided
    assert decision.reason == BODY["reason"]
    trail = [one for one in await routes.people.trail() if one.action == "inbound_released"]
    assert [(one.outcome, one.code) for one in trail] == [
        ("ok", "released"),
        ("failed", "not_quarantined"),
        ("failed", "unknown_inbound"),
    ]
    assert {one.principal for one in trail} == {decision.actor}


async def test_a_release_needs_a_reason(routes: Client, shelf: Shelf, manager: str) -> None:
    path = f"/api/ops/inbound/{shelf.add(1).id}/release"
    assert (await routes.as_session(manager, "POST", path, json={})).status_code == 422
    assert shelf.decided == []


async def test_a_silent_notifier_is_told_as_such(
    routes: Client, shelf: Shelf, manager: str
) -> None:
    shelf.silent = "upstream_unavailable"
    answer = await routes.as_session(manager, "GET", "/api/ops/inbound")
    assert (answer.status_code, answer.json()["code"]) == (502, "service_silent")


async def test_an_agent_decides_nothing(routes: Client, shelf: Shelf) -> None:
    await routes.people.agent("ann@shop.test")
    token = (await routes.people.sign_in("ann@shop.test")).token
    path = f"/api/ops/inbound/{shelf.add(1).id}/release"
    assert (await routes.as_session(token, "POST", path, json=BODY)).status_code == 403
    assert shelf.decided == []

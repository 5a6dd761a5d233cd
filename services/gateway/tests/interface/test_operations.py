"""`/api/ops/*`: one list over all services, and decisions through the owning one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from deskstream_chassis.operations import OperationFailed
from gateway.application.service_operations import (
    ConsumerLag,
    DeadLetter,
    Decision,
    Effect,
    EffectStatus,
    Lag,
    ParkedEvent,
    RelayLag,
    Replay,
    ServiceSilent,
    Verdict,
)
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.http.app import create_inner_app
from gateway.testing import NINE, Cast, Client, Rig, cheap_app

STREAM = UUID("01977a3c-0000-7000-8000-000000000001")
BODY = {"reason": "the mail server was repaired"}


@dataclass
class Shelf:
    """A service in memory: what it has set aside, and what was decided."""

    events: list[ParkedEvent] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    waiting: list[Effect] = field(default_factory=list)
    decided: list[tuple[str, str, Decision]] = field(default_factory=list)
    silent: str | None = None

    def _speak(self) -> None:
        if self.silent:
            raise ServiceSilent(self.silent)

    async def lag(self) -> Lag:
        self._speak()
        consumer = ConsumerLag("a.people", len(self.events), len(self.letters), 3, 1.5)
        return Lag(RelayLag(2, 0.5, 0), (consumer,))

    async def parked(self, stream: UUID | None = None) -> Sequence[ParkedEvent]:
        self._speak()
        return [event for event in self.events if stream in (None, event.stream_id)]

    async def dead_letters(self) -> Sequence[DeadLetter]:
        self._speak()
        return self.letters

    async def effects(
        self, status: EffectStatus | None = None, effect_id: UUID | None = None
    ) -> Sequence[Effect]:
        self._speak()
        return [
            effect
            for effect in self.waiting
            if status in (None, effect.status) and effect_id in (None, effect.effect_id)
        ]

    async def replay_parked(self, consumer: str, stream: UUID, decision: Decision) -> Replay:
        self._speak()
        self.decided.append(("replay_parked", f"{consumer}/{stream}", decision))
        return Replay("applied", len(self.events), 0, None)

    async def replay_dead_letter(self, letter: UUID, decision: Decision) -> Replay:
        self._speak()
        if letter not in {one.id for one in self.letters}:
            raise OperationFailed("unknown_dead_letter")
        self.decided.append(("replay_dead_letter", str(letter), decision))
        return Replay("parked", 0, 1, "ValueError")

    async def resolve(self, key: str, verdict: Verdict, decision: Decision) -> str:
        self._speak()
        if next(one for one in self.waiting if one.key == key).status != "held":
            raise OperationFailed("not_held")
        self.decided.append((verdict, key, decision))
        return "sent" if verdict == "happened" else "pending"


def waiting(version: int, code: str, consumer: str = "notifier.mail") -> ParkedEvent:
    return ParkedEvent(
        consumer, STREAM, version, "a.b.v1", "id", code, 1, NINE, {"name": "[redacted]"}
    )


def letter(at: datetime = NINE) -> DeadLetter:
    return DeadLetter(uuid4(), "notifier.mail", "t", 0, 7, "not_json", at, {}, 3, "00" * 32)


def effect(status: str = "held", at: datetime = NINE) -> Effect:
    key = f"mail:{uuid4()}"
    return Effect(key, "mail", status, "unknown", 1, "s", STREAM, at, at)


@pytest.fixture
def services() -> dict[str, Shelf]:
    return {"ticketing": Shelf(), "notifier": Shelf()}


@pytest.fixture
async def routes(fake_rig: Rig, services: dict[str, Shelf]) -> AsyncIterator[Client]:
    fake = fake_rig.fake
    assert fake is not None
    app = cheap_app(fake, fake, fake, fake_rig.clock, services)
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


async def trail(routes: Client) -> list[tuple[str, str, str | None, str | None]]:
    kept = ("replayed", "effect_resolved")
    found = [event for event in await routes.people.trail() if event.action in kept]
    user_id = await routes.people.id_of("mia@shop.test")
    assert {event.principal for event in found} <= {f"user:{user_id}"}
    assert BODY["reason"] not in "".join(event.model_dump_json() for event in found)
    return [(event.action, event.outcome, event.target, event.code) for event in found]


async def test_all_services_stand_in_one_list_of_relays_consumers_and_what_is_set_aside(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    services["notifier"].events = [waiting(4, "ValueError"), waiting(5, "behind")]
    services["ticketing"].letters = [letter()]
    answer = await routes.as_session(manager, "GET", "/api/ops/streams")
    body = answer.json()
    assert [(item["kind"], item["service"]) for item in body["items"]] == [
        ("relay", "notifier"),
        ("relay", "ticketing"),
        ("consumer", "notifier"),
        ("consumer", "ticketing"),
        ("parked", "notifier"),
        ("dead_letter", "ticketing"),
    ]
    parked = body["items"][4]
    assert (parked["id"], parked["version"], parked["events"]) == (str(STREAM), 4, 2)
    assert (parked["error_code"], parked["data"]) == ("ValueError", {"name": "[redacted]"})
    assert (body["partial"], body["next"]) == ({}, None)


async def test_a_silent_service_is_named_and_hides_nothing_of_the_others(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    services["ticketing"].silent = "upstream_unavailable"
    services["notifier"].waiting = [effect()]
    for path, count in (("/api/ops/streams", 2), ("/api/ops/effects", 1)):
        answer = await routes.as_session(manager, "GET", path)
        assert answer.status_code == 200
        body = answer.json()
        assert body["partial"] == {"ticketing": "upstream_unavailable"}
        assert [item["service"] for item in body["items"]] == ["notifier"] * count


async def test_the_list_is_narrowed_by_service_and_kind(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    services["notifier"].letters = [letter()]
    services["ticketing"].letters = [letter()]
    query = {"service": "notifier", "kind": "dead_letter"}
    answer = await routes.as_session(manager, "GET", "/api/ops/streams", params=query)
    (item,) = answer.json()["items"]
    assert (item["service"], item["kind"]) == ("notifier", "dead_letter")
    answer = await routes.as_session(
        manager, "GET", "/api/ops/streams", params={"service": "nobody"}
    )
    assert (answer.status_code, answer.json()["field"]) == (422, "service")


async def test_pages_follow_each_other_without_gap_or_repeat(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    ages = [NINE + timedelta(minutes=n) for n in range(7)]
    services["ticketing"].waiting = [effect(at=at) for at in ages[::2]]
    services["notifier"].waiting = [effect("sending", at=at) for at in ages[1::2]]
    seen, cursor = [], None
    while True:
        query = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        answer = await routes.as_session(manager, "GET", "/api/ops/effects", params=query)
        body = answer.json()
        seen += [datetime.fromisoformat(item["created_at"]) for item in body["items"]]
        cursor = body["next"]
        if cursor is None:
            break
    assert seen == ages
    other = {"cursor": "AAAA", "kind": "mail"}
    answer = await routes.as_session(manager, "GET", "/api/ops/effects", params=other)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_only_unsure_effects_are_listed_unless_a_status_is_asked_for(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    services["notifier"].waiting = [effect("held"), effect("pending")]
    for query, statuses in (({}, ["held"]), ({"status": "pending"}, ["pending"])):
        answer = await routes.as_session(manager, "GET", "/api/ops/effects", params=query)
        assert [item["status"] for item in answer.json()["items"]] == statuses


async def test_a_held_effect_is_decided_by_its_owner_with_who_and_why(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    held = effect()
    services["notifier"].waiting = [held]
    path = f"/api/ops/effects/{held.effect_id}/resolve"
    answer = await routes.as_session(manager, "POST", path, json={**BODY, "outcome": "happened"})
    assert answer.json() == {"id": str(held.effect_id), "service": "notifier", "status": "sent"}
    ((verdict, key, decision),) = services["notifier"].decided
    user_id = await routes.people.id_of("mia@shop.test")
    assert (verdict, key, decision.actor) == ("happened", held.key, f"user:{user_id}")
    assert decision.reason == BODY["reason"]
    assert decision.correlation_id == answer.headers["deskstream-correlation"]
    target = f"effect:notifier/{held.effect_id}"
    assert await trail(routes) == [("effect_resolved", "ok", target, "happened")]


async def test_what_the_owner_refuses_is_told_and_stands_on_the_trail(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    sending = effect("sending")
    services["notifier"].waiting = [sending]
    path = f"/api/ops/effects/{sending.effect_id}/resolve"
    answer = await routes.as_session(manager, "POST", path, json={**BODY, "outcome": "again"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_held")
    target = f"effect:notifier/{sending.effect_id}"
    assert await trail(routes) == [("effect_resolved", "failed", target, "not_held")]


async def test_an_effect_that_nobody_has_is_404_and_502_while_a_service_is_silent(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    path, body = f"/api/ops/effects/{uuid4()}/resolve", {**BODY, "outcome": "again"}
    answer = await routes.as_session(manager, "POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    services["ticketing"].silent = "upstream_timeout"
    answer = await routes.as_session(manager, "POST", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (502, "service_silent")
    assert await trail(routes) == []


async def test_a_parked_stream_is_replayed_for_each_consumer_that_parked_it(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    shelf = services["notifier"]
    shelf.events = [waiting(1, "ValueError"), waiting(1, "KeyError", "notifier.people")]
    path = f"/api/ops/streams/notifier/parked/{STREAM}/replay"
    answer = await routes.as_session(manager, "POST", path, json=BODY)
    assert [item["consumer"] for item in answer.json()["items"]] == [
        "notifier.mail",
        "notifier.people",
    ]
    one = {**BODY, "consumer": "notifier.mail"}
    answer = await routes.as_session(manager, "POST", path, json=one)
    assert len(answer.json()["items"]) == 1
    assert [name for name, _, _ in shelf.decided] == ["replay_parked"] * 3
    assert {outcome for _, outcome, _, _ in await trail(routes)} == {"ok"}
    for wrong in (path.replace("notifier", "nobody"), path.replace(str(STREAM), str(uuid4()))):
        answer = await routes.as_session(manager, "POST", wrong, json=BODY)
        assert answer.status_code == 404


async def test_a_replayed_letter_that_parks_its_stream_is_told_so(
    routes: Client, services: dict[str, Shelf], manager: str
) -> None:
    services["ticketing"].letters = [letter()]
    (found,) = services["ticketing"].letters
    path = f"/api/ops/streams/ticketing/dead-letters/{found.id}/replay"
    answer = await routes.as_session(manager, "POST", path, json=BODY)
    told = answer.json()
    assert (told["outcome"], told["left"], told["error_code"]) == ("parked", 1, "ValueError")
    unknown = path.replace(str(found.id), str(uuid4()))
    answer = await routes.as_session(manager, "POST", unknown, json=BODY)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_dead_letter")
    assert [(outcome, code) for _, outcome, _, code in await trail(routes)] == [
        ("failed", "parked"),
        ("failed", "unknown_dead_letter"),
    ]


@pytest.mark.parametrize("reason", [None, "", "   ", "x" * 501])
async def test_nothing_is_decided_without_a_reason(
    routes: Client, services: dict[str, Shelf], manager: str, reason: str | None
) -> None:
    held = effect()
    services["notifier"].waiting = [held]
    services["notifier"].events = [waiting(1, "ValueError")]
    body = {} if reason is None else {"reason": reason}
    for path, more in (
        (f"/api/ops/effects/{held.effect_id}/resolve", {"outcome": "happened"}),
        (f"/api/ops/streams/notifier/parked/{STREAM}/replay", {}),
        (f"/api/ops/streams/notifier/dead-letters/{uuid4()}/replay", {}),
    ):
        answer = await routes.as_session(manager, "POST", path, json={**body, **more})
        assert (answer.status_code, answer.json()["field"]) == (422, "reason")
    assert services["notifier"].decided == []

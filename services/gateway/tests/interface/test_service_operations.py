"""A service's operations as the gateway asks for them: signed, for one audience, checked."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.operations import OperationFailed, Operations
from deskstream_eventstore import Database, KafkaSettings, plan_effect
from gateway.application.service_operations import Decision, RelayLag, Replay, ServiceSilent
from gateway.infra.service_operations import ToldOperations, own_operations, remote_operations
from gateway.infra.upstream import AiohttpUpstream

WHY = Decision("user:0b0b", "repaired", "c-1")
LAG = {"relay": {"unpublished": 3, "oldest_age_seconds": 1.5, "held": 0}, "consumers": []}


@pytest.fixture
async def remote(desk: Any) -> AsyncIterator[ToldOperations]:
    upstream = AiohttpUpstream(desk.ticketing.address)
    yield remote_operations("ticketing", upstream, desk.signer)
    await upstream.close()


def say(desk: Any, status: int, value: Any) -> None:
    desk.ticketing.status = status
    desk.ticketing.body = value if isinstance(value, bytes) else json.dumps(value).encode()


async def test_it_is_asked_under_the_gateways_own_name(desk: Any, remote: ToldOperations) -> None:
    say(desk, 200, LAG)
    assert (await remote.lag()).relay == RelayLag(3, 1.5, 0)
    say(desk, 200, {"items": []})
    effect_id = UUID(int=7)
    assert await remote.effects("held", effect_id) == []
    lag, effects = desk.ticketing.seen
    assert (lag.method, lag.target) == ("GET", "/internal/ops/lag")
    assert effects.target == f"/internal/ops/effects?status=held&id={effect_id}"
    caller = await desk.identity(lag)
    assert (caller.kind, caller.id, caller.role) == ("system", "gateway", None)


async def test_a_decision_carries_who_and_why_and_its_correlation(
    desk: Any, remote: ToldOperations
) -> None:
    done = {"outcome": "applied", "applied": 2, "left": 0, "error_code": None}
    say(desk, 200, done)
    stream = uuid4()
    assert await remote.replay_parked("a.b", stream, WHY) == Replay("applied", 2, 0, None)
    (seen,) = desk.ticketing.seen
    assert (seen.method, seen.target) == ("POST", "/internal/ops/replay-parked")
    assert json.loads(seen.body) == {
        "consumer": "a.b",
        "stream": str(stream),
        "actor": WHY.actor,
        "reason": WHY.reason,
    }
    assert seen.header("deskstream-correlation") == "c-1"


async def test_a_refusal_keeps_its_code(desk: Any, remote: ToldOperations) -> None:
    say(desk, 409, {"code": "not_held", "status": 409})
    with pytest.raises(OperationFailed) as refused:
        await remote.resolve("mail:x", "again", WHY)
    assert refused.value.code == "not_held"


@pytest.mark.parametrize(
    ("status", "value", "code"),
    [
        (500, {}, "status_500"),
        (401, {}, "status_401"),
        (404, {"code": "not_found"}, "status_404"),
        (404, b"<html>", "unreadable"),
        (200, b"<html>", "unreadable"),
        (200, [], "unreadable"),
        (200, {"items": [{"key": "mail:x"}]}, "unreadable"),
    ],
)
async def test_what_is_no_answer_is_silence_with_a_code(
    desk: Any, remote: ToldOperations, status: int, value: Any, code: str
) -> None:
    say(desk, status, value)
    with pytest.raises(ServiceSilent) as silent:
        await remote.effects()
    assert silent.value.code == code


async def test_the_gateways_own_store_is_asked_in_process(database: Database) -> None:
    own = own_operations(Operations(database, "gateway", KafkaSettings("127.0.0.1:9")))
    effect_id = uuid4()
    async with database.work() as work:
        await plan_effect(work, f"mail:{effect_id}", "mail", {}, status="held")
        await plan_effect(work, f"mail:{uuid4()}", "mail", {}, status="held")
    assert (await own.lag()).relay.unpublished == 0
    assert (await own.parked(), await own.dead_letters()) == ([], [])
    assert len(await own.effects("held")) == 2
    (found,) = await own.effects(effect_id=effect_id)
    assert found.effect_id == effect_id
    assert await own.resolve(found.key, "again", WHY) == "pending"
    with pytest.raises(OperationFailed, match="not_held"):
        await own.resolve(found.key, "again", WHY)
    with pytest.raises(OperationFailed, match="unknown_dead_letter"):
        await own.replay_dead_letter(uuid4(), WHY)


async def test_a_store_that_is_away_is_silence(database: Database) -> None:
    own = own_operations(Operations(database, "gateway", KafkaSettings("127.0.0.1:9")))
    await database.close()
    with pytest.raises(ServiceSilent, match="store_unavailable"):
        await own.effects("held")

"""`/api/cron/outbox`: the lag of every service, asked under the gateway's own name."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from deskstream_chassis.identity.tokens import KeyCache, TokenSigner, TokenVerifier
from gateway.application.outbox_report import LagUnknown, OutboxReport
from gateway.infra.service_lag import OwnLag, RemoteLag
from gateway.infra.upstream import AiohttpUpstream
from gateway.interface.gate.cron import outbox_handler


def lag(seconds: float) -> dict[str, Any]:
    return {"relay": {"unpublished": 3, "oldest_age_seconds": seconds, "held": 0}, "consumers": []}


class Told:
    """A service that tells what it is given, or nothing."""

    def __init__(self, answer: Mapping[str, Any] | None) -> None:
        self._answer = answer

    async def __call__(self) -> Mapping[str, Any]:
        if self._answer is None:
            raise LagUnknown("upstream_unavailable")
        return self._answer


async def test_all_services_are_told_and_none_stands_still() -> None:
    told = await OutboxReport({"a": Told(lag(0.0)), "b": Told(lag(59.0))})()
    assert told.services == {"a": lag(0.0), "b": lag(59.0)}
    assert told.standing_still == ()


async def test_a_service_that_is_behind_or_silent_stands_still() -> None:
    told = await OutboxReport({"a": Told(lag(61.0)), "b": Told(None), "c": Told(lag(0.0))})()
    assert told.standing_still == ("a", "b")
    assert told.services["b"] == {"error": "upstream_unavailable"}


async def test_a_store_that_is_down_is_told_by_code() -> None:
    async def down() -> Mapping[str, Any]:
        raise ConnectionRefusedError

    with pytest.raises(LagUnknown) as unknown:
        await OwnLag(down)()
    assert unknown.value.code == "store_unavailable"


@pytest.fixture
async def remote(desk: Any) -> AsyncIterator[RemoteLag]:
    """Ticketing's lag, over HTTP."""
    upstream = AiohttpUpstream(desk.ticketing.address)
    yield RemoteLag("ticketing", upstream, desk.signer)
    await upstream.close()


async def test_a_service_is_asked_with_a_token_for_it_alone(desk: Any, remote: RemoteLag) -> None:
    desk.ticketing.body = json.dumps(lag(1.5)).encode()
    assert await remote() == lag(1.5)
    (seen,) = desk.ticketing.seen
    assert (seen.method, seen.target) == ("GET", "/internal/ops/lag")
    caller = await desk.identity(seen)
    assert (caller.kind, caller.id, caller.role) == ("system", "gateway", None)
    signer: TokenSigner = desk.signer

    async def published() -> dict[str, Any]:
        return dict(signer.public_set())

    other = TokenVerifier(KeyCache(published), "notifier")
    token = seen.header("deskstream-identity")
    with pytest.raises(Exception, match="wrong_audience"):
        await other.verify(token)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, b"{}", "status_500"),
        (401, b"{}", "status_401"),
        (200, b"not json", "unreadable"),
        (200, b"[]", "unreadable"),
        (200, b'{"relay": {}}', "unreadable"),
    ],
)
async def test_what_is_no_answer_is_told_by_code(
    desk: Any, remote: RemoteLag, status: int, body: bytes, code: str
) -> None:
    desk.ticketing.status, desk.ticketing.body = status, body
    with pytest.raises(LagUnknown) as unknown:
        await remote()
    assert unknown.value.code == code


async def test_the_row_answers_503_with_the_same_report_where_one_stands_still(desk: Any) -> None:
    key = await desk.as_key("cron:outbox")
    for seconds, status in ((5.0, 200), (500.0, 503)):
        report = OutboxReport({"gateway": Told(lag(seconds))})
        desk.gate._handlers["GET /api/cron/outbox"] = outbox_handler(report)
        answer = await desk.http.get("/api/cron/outbox", headers=key)
        assert answer.status_code == status
        assert answer.json()["services"]["gateway"] == lag(seconds)
    assert answer.json()["code"] == "outbox_stands_still"
    assert answer.headers["retry-after"] == "30"

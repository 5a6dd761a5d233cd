"""A service's operations: over its guarded `/internal/ops/*` under the gateway's own name, or, for
the gateway itself, in process."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from deskstream_chassis.access import Actor, system
from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.operations import OperationFailed, Operations
from gateway.application.quarantine import Place, QuarantinedMail
from gateway.application.service_operations import (
    DeadLetter,
    Decision,
    Effect,
    EffectStatus,
    Lag,
    ParkedEvent,
    Replay,
    ServiceSilent,
    Verdict,
)
from gateway.application.upstream import Upstream, UpstreamError, UpstreamRequest

T = TypeVar("T")
READ_SECONDS = 5.0
DECIDE_SECONDS = 30.0
"""A replay applies all that waited behind the event."""

_LAG = TypeAdapter(Lag)
_PARKED = TypeAdapter(list[ParkedEvent])
_LETTERS = TypeAdapter(list[DeadLetter])
_EFFECTS = TypeAdapter(list[Effect])
_REPLAY = TypeAdapter(Replay)
_STATUS = TypeAdapter(str)
_MAILS = TypeAdapter(list[QuarantinedMail])


class _Signer(Protocol):
    def sign(self, actor: Actor, audience: str) -> str: ...


Ask = Callable[[str, Mapping[str, str]], Awaitable[Any]]
Act = Callable[[str, Mapping[str, str], str], Awaitable[Any]]


class ToldOperations:
    """See ports; `ask` and `act` bring JSON values, whoever tells them."""

    def __init__(self, ask: Ask, act: Act) -> None:
        self._ask, self._act = ask, act

    async def lag(self) -> Lag:
        """See ports."""
        return _read(_LAG, await self._ask("lag", {}))

    async def parked(self, stream: UUID | None = None) -> Sequence[ParkedEvent]:
        """See ports."""
        return _read(_PARKED, _items(await self._ask("parked", _given(stream=stream))))

    async def dead_letters(self) -> Sequence[DeadLetter]:
        """See ports."""
        return _read(_LETTERS, _items(await self._ask("dead-letters", {})))

    async def effects(
        self, status: EffectStatus | None = None, effect_id: UUID | None = None
    ) -> Sequence[Effect]:
        """See ports."""
        asked = await self._ask("effects", _given(status=status, id=effect_id))
        return _read(_EFFECTS, _items(asked))

    async def replay_parked(self, consumer: str, stream: UUID, decision: Decision) -> Replay:
        """See ports."""
        body = {"consumer": consumer, "stream": str(stream)}
        return _read(_REPLAY, await self._decide("replay-parked", body, decision))

    async def replay_dead_letter(self, letter: UUID, decision: Decision) -> Replay:
        """See ports."""
        body = {"letter": str(letter)}
        return _read(_REPLAY, await self._decide("replay-dead-letter", body, decision))

    async def resolve(self, key: str, verdict: Verdict, decision: Decision) -> str:
        """See ports."""
        answer = await self._decide("resolve", {"key": key, "verdict": verdict}, decision)
        return _read(_STATUS, answer.get("status") if isinstance(answer, dict) else None)

    async def _decide(self, path: str, body: dict[str, str], decision: Decision) -> Any:
        named = {**body, "actor": decision.actor, "reason": decision.reason}
        return await self._act(path, named, decision.correlation_id)


def remote_operations(service: str, upstream: Upstream, signer: _Signer) -> ToldOperations:
    """Of another service."""
    return ToldOperations(*speaking_to(service, upstream, signer))


class ToldQuarantine:
    """See quarantine.Quarantine."""

    def __init__(self, ask: Ask, act: Act) -> None:
        self._ask, self._act = ask, act

    async def waiting(self, after: Place | None, limit: int) -> Sequence[QuarantinedMail]:
        """See ports."""
        place = {"after_at": after[0].isoformat(), "after_id": str(after[1])} if after else {}
        answer = await self._ask("inbound", {**place, "limit": str(limit)})
        return _read(_MAILS, _items(answer))

    async def release(self, inbound_id: UUID, decision: Decision) -> None:
        """See ports."""
        named = {"actor": decision.actor, "reason": decision.reason, "inbound": str(inbound_id)}
        await self._act("inbound/release", named, decision.correlation_id)


def quarantine_of(others: Mapping[str, Upstream], signer: _Signer) -> ToldQuarantine | None:
    """The notifier's; None where it is not told to the gateway."""
    upstream = others.get("notifier")
    return None if upstream is None else ToldQuarantine(*speaking_to("notifier", upstream, signer))


def speaking_to(service: str, upstream: Upstream, signer: _Signer) -> tuple[Ask, Act]:
    """With a token for that audience alone."""

    async def send(request: UpstreamRequest) -> Any:
        token = signer.sign(system("gateway"), service)
        signed = {**request.headers, "deskstream-identity": token, "accept": "application/json"}
        request.headers = signed
        try:
            answer = await upstream.send(request)
            try:
                content = await answer.whole()
            finally:
                answer.close()
        except UpstreamError as error:
            raise ServiceSilent(error.code) from None
        if answer.status in (404, 409) and (code := _refusal(content)):
            raise OperationFailed(code)
        if answer.status != 200:
            raise ServiceSilent(f"status_{answer.status}")
        return _decoded(content)

    async def ask(path: str, query: Mapping[str, str]) -> Any:
        target = f"/internal/ops/{path}" + (f"?{urlencode(query)}" if query else "")
        return await send(UpstreamRequest("GET", target, {}, None, READ_SECONDS, idempotent=True))

    async def act(path: str, body: Mapping[str, str], correlation_id: str) -> Any:
        headers = {"content-type": "application/json", "deskstream-correlation": correlation_id}
        target, content = f"/internal/ops/{path}", json.dumps(body).encode()
        request = UpstreamRequest(
            "POST", target, headers, content, DECIDE_SECONDS, idempotent=False
        )
        return await send(request)

    return ask, act


def own_operations(operations: Operations) -> ToldOperations:
    """Of the gateway itself, from its own store."""

    async def ask(path: str, query: Mapping[str, str]) -> Any:
        stream, effect = query.get("stream"), query.get("id")
        match path:
            case "lag":
                told = operations.lag()
            case "parked":
                told = operations.parked(stream=UUID(stream) if stream else None)
            case "dead-letters":
                told = operations.dead_letters()
            case _:
                told = operations.effects(
                    query.get("status"), effect_id=UUID(effect) if effect else None
                )
        return await _awake(told)

    async def act(path: str, body: Mapping[str, str], _: str) -> Any:
        who = {"actor": body["actor"], "reason": body["reason"]}
        match path:
            case "replay-parked":
                done = operations.replay_parked(body["consumer"], UUID(body["stream"]), **who)
            case "replay-dead-letter":
                done = operations.replay_dead_letter(UUID(body["letter"]), **who)
            case _:
                verdict: Verdict = "again" if body["verdict"] == "again" else "happened"
                done = operations.resolve(body["key"], verdict, **who)
        return await _awake(done)

    return ToldOperations(ask, act)


async def _awake(told: Awaitable[T]) -> T:
    try:
        return await told
    except STORE_DOWN:
        raise ServiceSilent("store_unavailable") from None


@dataclass(frozen=True)
class Neighbours:
    """`operations` by service, our own too; `quarantine` None where the notifier is not known."""

    operations: dict[str, ToldOperations]
    quarantine: ToldQuarantine | None


def neighbours_of(
    own: str, operations: Operations, others: Mapping[str, Upstream], signer: _Signer
) -> Neighbours:
    """Our own, and each that is asked at its door for operators."""
    remote = {name: remote_operations(name, upstream, signer) for name, upstream in others.items()}
    return Neighbours({own: own_operations(operations), **remote}, quarantine_of(others, signer))


def _given(**named: object) -> dict[str, str]:
    return {name: str(value) for name, value in named.items() if value is not None}


def _items(answer: Any) -> Any:
    return answer.get("items") if isinstance(answer, dict) else None


def _read(shape: TypeAdapter[T], value: Any) -> T:
    try:
        return shape.validate_python(value)
    except ValidationError:
        raise ServiceSilent("unreadable") from None


def _decoded(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        raise ServiceSilent("unreadable") from None


def _refusal(content: bytes) -> str | None:
    found = _decoded(content)
    code = found.get("code") if isinstance(found, dict) else None
    return code if isinstance(code, str) and code not in ("not_found", "conflict") else None

"""A service's lag, asked at its guarded `/internal/ops/lag` under the gateway's own name."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from deskstream_chassis.access import Actor, system
from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.operations import Operations
from gateway.application.outbox_report import LagUnknown
from gateway.application.upstream import Upstream, UpstreamError, UpstreamRequest

_PATH = "/internal/ops/lag"
_SECONDS = 5.0


class _Signer(Protocol):
    def sign(self, actor: Actor, audience: str) -> str: ...


class RemoteLag:
    """Of another service, over HTTP, with a token for that audience alone."""

    def __init__(self, service: str, upstream: Upstream, signer: _Signer) -> None:
        self._service = service
        self._upstream = upstream
        self._signer = signer

    async def __call__(self) -> Mapping[str, Any]:
        """See application.outbox_report.ServiceLag."""
        token = self._signer.sign(system("gateway"), self._service)
        headers = {"deskstream-identity": token, "accept": "application/json"}
        request = UpstreamRequest("GET", _PATH, headers, None, _SECONDS, idempotent=True)
        try:
            answer = await self._upstream.send(request)
            try:
                content = await answer.whole()
            finally:
                answer.close()
        except UpstreamError as error:
            raise LagUnknown(error.code) from None
        if answer.status != 200:
            raise LagUnknown(f"status_{answer.status}")
        return _read(content)


class OwnLag:
    """Of the gateway itself, from its own store."""

    def __init__(self, lag: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._lag = lag

    async def __call__(self) -> Mapping[str, Any]:
        """See application.outbox_report.ServiceLag."""
        try:
            return await self._lag()
        except STORE_DOWN:
            raise LagUnknown("store_unavailable") from None


def lag_of(
    own: str, operations: Operations, others: Mapping[str, Upstream], signer: _Signer
) -> dict[str, OwnLag | RemoteLag]:
    """By service: our own, and each that is asked at its door for operators."""
    remote = {name: RemoteLag(name, upstream, signer) for name, upstream in others.items()}
    return {own: OwnLag(operations.lag), **remote}


def _read(content: bytes) -> Mapping[str, Any]:
    try:
        lag = json.loads(content)
        float(lag["relay"]["oldest_age_seconds"])
    except (ValueError, KeyError, TypeError):
        raise LagUnknown("unreadable") from None
    found: Mapping[str, Any] = lag
    return found

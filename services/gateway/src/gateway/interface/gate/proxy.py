"""A request goes on to a service, and its answer comes back, both framed anew."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope

from deskstream_chassis.http.problem import Problem, unavailable
from gateway.application.upstream import (
    Body,
    Upstream,
    UpstreamAnswer,
    UpstreamDown,
    UpstreamError,
    UpstreamRequest,
    UpstreamSlow,
)
from gateway.interface import scope as keys
from gateway.interface.gate.body import BoundedBody, too_large
from gateway.interface.gate.cookies import short_cookies
from gateway.interface.gate.exchange import Exchange, passed_back
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.identity import Identities
from gateway.interface.gate.matcher import Match
from gateway.interface.gate.observe import traceparent_of
from gateway.interface.gate.rows import Row

WHOLE = 64 * 1024
"""Answers up to this size are taken in one piece; larger ones pass through as they come."""


def upstream_problem(error: UpstreamError) -> Problem:
    """503 where nothing was sent, 504 where it was too slow, 502 for the rest."""
    if isinstance(error, UpstreamDown):
        return unavailable(error.code, retry_after=1)
    return Problem(504 if isinstance(error, UpstreamSlow) else 502, error.code)


def bounded(row: Row, headers: RequestHeaders, receive: Receive) -> BoundedBody | None:
    """The body behind its limit; None where none follows. Raises Problem 413 for a declared length
    above the limit, without reading."""
    if not headers.has_body:
        return None
    length = headers.length
    if row.body_limit == 0 or (length is not None and length > row.body_limit):
        raise too_large(row.body_limit)
    return BoundedBody(receive, row.body_limit)


@dataclass
class Ending:
    """`stopping` is set when the process was told to end."""

    stopping: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Sends admitted requests on. An answer that still streams when the process is told to end may
    go on for `grace` seconds; then it is cut off."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        identities: Identities,
        ending: Ending,
        grace: float = 1.0,
    ) -> None:
        self._upstreams = upstreams
        self._identities = identities
        self._ending = ending
        self._grace = grace

    async def forward(
        self, exchange: Exchange, match: Match, headers: RequestHeaders, receive: Receive
    ) -> None:
        """Ask the row's service and pass its answer back. Raises Problem until the answer began."""
        row = match.row
        self._upstream(row.upstream)
        body = bounded(row, headers, receive)
        payload = None if body is None else await body.start()
        onward = self._headers(
            exchange, row.upstream, headers, streamed=not isinstance(payload, bytes)
        )
        request = _request(row, _target(match.path, exchange.scope), onward, payload)
        try:
            await self._send(exchange, row.upstream, request, receive)
        except UpstreamError as error:
            if body is not None and body.failure is not None:
                raise body.failure from None
            raise upstream_problem(error) from None

    async def forward_whole(
        self,
        exchange: Exchange,
        match: Match,
        headers: RequestHeaders,
        receive: Receive,
        *,
        owner: str,
        body: bytes,
    ) -> None:
        """As `forward`, to this service, with a body that was read and proven; no query goes on,
        for nobody signed one."""
        onward = self._headers(exchange, owner, headers, streamed=False)
        try:
            request = _request(match.row, match.path, onward, body)
            await self._send(exchange, owner, request, receive)
        except UpstreamError as error:
            raise upstream_problem(error) from None

    def _upstream(self, name: str) -> Upstream:
        found = self._upstreams.get(name)
        if found is None:
            raise unavailable("upstream_not_configured")
        return found

    async def _send(
        self, exchange: Exchange, name: str, request: UpstreamRequest, receive: Receive
    ) -> None:
        answer = await self._upstream(name).send(request)
        try:
            await self._pass_back(exchange, answer, receive)
        finally:
            answer.close()

    def _headers(
        self, exchange: Exchange, audience: str, headers: RequestHeaders, *, streamed: bool
    ) -> dict[str, str]:
        onward = headers.onward()
        if streamed and headers.length:
            onward["content-length"] = str(headers.length)
        onward["deskstream-correlation"] = exchange.correlation
        if exchange.principal is not None:
            token = self._identities.token(exchange.principal, audience)
            onward["deskstream-identity"] = token
        if exchange.span is not None:
            onward["traceparent"] = traceparent_of(exchange.span)
        return onward

    async def _pass_back(
        self, exchange: Exchange, answer: UpstreamAnswer, receive: Receive
    ) -> None:
        if answer.status == 401:
            # The service refused our own signature: the client's session is not at fault.
            raise Problem(502, "upstream_refused_identity")
        headers = passed_back(answer.headers)
        length = next((int(v) for n, v in headers if n == b"content-length"), None)
        if length is not None and length <= WHOLE:
            try:
                whole = await answer.whole()
            except UpstreamError as error:
                raise upstream_problem(error) from None
            await exchange.start(answer.status, headers)
            await exchange.body(whole)
            return
        await self._stream(exchange, answer, headers, receive)

    async def _stream(
        self,
        exchange: Exchange,
        answer: UpstreamAnswer,
        headers: list[tuple[bytes, bytes]],
        receive: Receive,
    ) -> None:
        watcher = None
        if exchange.incoming is None or exchange.incoming.over:  # else the upload would notice
            watcher = asyncio.create_task(self._until_over(answer, receive))
        try:
            await exchange.start(answer.status, headers)
            async for chunk in answer.chunks():
                await exchange.body(chunk, more=True)
            await exchange.body(b"")
        finally:
            if watcher is not None:
                watcher.cancel()

    async def _until_over(self, answer: UpstreamAnswer, receive: Receive) -> None:
        """Ends the service's answer when the client leaves or the process must end."""
        left = asyncio.ensure_future(_left(receive))
        told = asyncio.ensure_future(self._ending.stopping.wait())
        try:
            await asyncio.wait({left, told}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({left}, timeout=self._grace)
            answer.close()
        finally:
            left.cancel()
            told.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


def _request(row: Row, target: str, headers: dict[str, str], body: Body) -> UpstreamRequest:
    return UpstreamRequest(row.method, target, headers, body, row.timeout, row.idempotent)


def _target(path: str, scope: Scope) -> str:
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('ascii')}" if query else path


def inner_scope(exchange: Exchange, match: Match, headers: RequestHeaders) -> Scope:
    """What the gateway's own application gets to see: what was validated, and who asks."""
    outer = exchange.scope
    onward = headers.onward()
    if headers.length is not None:
        onward["content-length"] = str(headers.length)
    onward["deskstream-correlation"] = exchange.correlation
    if exchange.span is not None:
        onward["traceparent"] = traceparent_of(exchange.span)
    return {
        "type": "http",
        "asgi": outer["asgi"],
        "http_version": outer["http_version"],
        "method": outer["method"],
        "scheme": outer["scheme"],
        "path": match.path,
        "raw_path": match.path.encode("ascii"),
        "query_string": outer["query_string"],
        "root_path": "",
        "headers": [
            (name.encode("ascii"), value.encode("ascii")) for name, value in onward.items()
        ],
        "client": (exchange.address, 0),
        "server": outer.get("server"),
        "state": dict(outer.get("state", {})),
        keys.PRINCIPAL: None if exchange.principal is None else exchange.principal.facts,
        keys.COOKIES: short_cookies(headers.single.get(b"cookie")),
        keys.ADDRESS: exchange.address,
        keys.DEVICE: exchange.device,
    }

"""The gate: the one ASGI application that the world reaches."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from starlette.types import Receive, Scope, Send

from deskstream_chassis.http.app import ServiceApp
from deskstream_chassis.http.errors import unexpected
from deskstream_chassis.http.problem import Problem, not_found
from gateway.interface.gate.address import ClientAddress
from gateway.interface.gate.body import ClientLeft, Incoming
from gateway.interface.gate.credentials import Credentials
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.limits import AT_ONCE, Concurrency
from gateway.interface.gate.matcher import Match, Matcher
from gateway.interface.gate.observe import UNMATCHED, Observer, known_method
from gateway.interface.gate.paths import path_trick, query_trick
from gateway.interface.gate.policy import Policy
from gateway.interface.gate.proxy import Ending, Proxy, bounded, inner_scope
from gateway.interface.gate.rows import Row
from gateway.interface.gate.webhooks import WebhookEntry

Handler = Callable[[Exchange], Awaitable[None]]
"""Answers a row that needs no application (health, robots …)."""
Streaming = Callable[[Exchange, RequestHeaders, Receive], Awaitable[None]]
"""Answers a row for as long as the client stays."""


class Gate:
    """Admits what the route table allows and answers everything else itself.

    The order is fixed: target, headers, host, route, proof, limit, right, origin, size; only then
    is a byte of the body read or a service asked. Whatever fails on the way is a problem document
    with the correlation id; nothing leaves without the security headers.
    """

    def __init__(
        self,
        *,
        table: Iterable[Row],
        hosts: Iterable[str],
        address: ClientAddress,
        policy: Policy,
        credentials: Credentials,
        proxy: Proxy,
        webhooks: WebhookEntry,
        inner: ServiceApp,
        handlers: Mapping[str, Handler],
        streaming: Mapping[str, Streaming],
        observer: Observer,
        ending: Ending,
    ) -> None:
        self.state = ending
        self._matcher = Matcher(table)
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._address = address
        self._policy = policy
        self._credentials = credentials
        self._proxy = proxy
        self._webhooks = webhooks
        self._inner = inner
        self._handlers = handlers
        self._streaming = streaming
        self._observer = observer
        self._at_once = Concurrency()

    def demand_policies(self) -> None:
        """Raises UnguardedRoute for a route of the inner application without a policy."""
        self._inner.demand_policies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. `lifespan` is the inner application's: an unguarded route stops it there; a
        websocket is closed before it is accepted."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        exchange = Exchange(scope, send)
        try:
            await self._answer(exchange, receive)
        except Problem as problem:
            await _refuse(exchange, problem)
        except ClientLeft:
            exchange.status = 0  # nobody is there to answer; the line in the log says so
        except Exception as error:  # noqa: BLE001 - becomes an answer, logged by class and place
            await _refuse(exchange, unexpected(error))
        finally:
            self._end(exchange)

    async def _answer(self, exchange: Exchange, receive: Receive) -> None:
        scope = exchange.scope
        try:
            headers = self._read(exchange)
            if headers.has_body:
                receive = exchange.incoming = Incoming(receive)
            match = self._find(scope["method"], scope["path"])
        except Problem:
            exchange.span = self._observer.begin(known_method(exchange.method), UNMATCHED, None)
            raise
        row = exchange.row = match.row
        exchange.span = self._observer.begin(
            row.method, row.path, headers.single.get(b"traceparent")
        )
        await self._policy.admit(exchange, row, headers)
        if row.rate in AT_ONCE and exchange.principal is not None:
            await self._one_of_few(exchange, match, headers, receive)
        else:
            await self._pass_on(exchange, match, headers, receive)

    def _read(self, exchange: Exchange) -> RequestHeaders:
        scope = exchange.scope
        client = scope.get("client")
        exchange.address = client[0] if client else ""
        if path_trick(scope["raw_path"]):
            raise Problem(400, "bad_path")
        if query_trick(scope["query_string"]):
            raise Problem(400, "bad_query")
        headers = RequestHeaders(scope["headers"])
        host = headers.single.get(b"host")
        if host is None or host.lower() not in self._hosts:
            raise Problem(400, "bad_host")
        exchange.address = self._address.of(
            exchange.address, headers.single.get(b"x-forwarded-for")
        )
        return headers

    def _find(self, method: str, path: str) -> Match:
        found = self._matcher.match(method, path)
        if isinstance(found, Match):
            return found
        if not found:
            raise not_found()
        raise Problem(405, "method_not_allowed", headers={"Allow": ", ".join(found)})

    async def _one_of_few(
        self, exchange: Exchange, match: Match, headers: RequestHeaders, receive: Receive
    ) -> None:
        principal, rate = exchange.principal, match.row.rate
        name = principal.name if principal is not None else ""
        if not self._at_once.enter(rate, name):
            raise Problem(429, "too_many_at_once", headers={"Retry-After": "1"})
        try:
            await self._pass_on(exchange, match, headers, receive)
        finally:
            self._at_once.leave(rate, name)

    async def _pass_on(
        self, exchange: Exchange, match: Match, headers: RequestHeaders, receive: Receive
    ) -> None:
        row = match.row
        if row.access.webhook is not None:
            await self._webhooks.receive(exchange, match, headers, receive)
            return
        if row.upstream != "gateway":
            await self._proxy.forward(exchange, match, headers, receive)
            return
        body = bounded(row, headers, receive)
        streaming = self._streaming.get(row.key)
        if streaming is not None:
            await streaming(exchange, headers, receive)
            return
        handler = self._handlers.get(row.key)
        if handler is not None:
            await handler(exchange)
            return
        scope = inner_scope(exchange, match, headers)
        await self._inner(scope, receive if body is None else body.message, exchange.pass_inner)
        if exchange.status == 429:
            self._policy.limited(exchange, row)
        if row.unsafe and exchange.status < 400:
            self._credentials.forget_all()

    def _end(self, exchange: Exchange) -> None:
        row, principal = exchange.row, exchange.principal
        self._observer.end(
            exchange.span,
            row.method if row is not None else known_method(exchange.method),
            row.path if row is not None else UNMATCHED,
            exchange.status,
            exchange.began,
            exchange.correlation,
            None if principal is None else principal.name,
        )


async def _refuse(exchange: Exchange, problem: Problem) -> None:
    """A problem, if the answer has not begun; one that has begun is cut off by the server."""
    if exchange.status:
        raise ConnectionAbortedError("the answer ended early")
    await exchange.refuse(problem)

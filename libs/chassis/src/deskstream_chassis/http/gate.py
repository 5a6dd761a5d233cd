"""The ASGI gate: route, proof, policy and body limit, all decided before the body is read."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from deskstream_chassis.access import Actor
from deskstream_chassis.http.context import RequestContext, context_of, header
from deskstream_chassis.http.guard import BODY_LIMIT, GuardedRoute
from deskstream_chassis.http.problem import Problem, forbidden, problem_response

Authenticate = Callable[[Scope], Awaitable[Actor]]
"""Tells who sent a request from its headers alone; raises Problem 401 or 503."""


def body_too_large(limit: int) -> Problem:
    """413 naming the limit in bytes."""
    return Problem(413, "body_too_large", extra={"limit": limit}, headers={"Connection": "close"})


class Gate:
    """Lets a request through to the app only if its route's policy admits its caller.

    A path that no route fits needs proof as well, and then gets the app's 404 or 405. Refusals are
    answered without reading one byte of the body.
    """

    def __init__(
        self, app: ASGIApp, table: Sequence[GuardedRoute], authenticate: Authenticate
    ) -> None:
        self._app = app
        self._table = table
        self._authenticate = authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        context = context_of(scope)
        try:
            await self._admit(scope, context)
            receive = self._limited(scope, context, receive)
        except Problem as problem:
            await refuse(problem, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope, context: RequestContext) -> None:
        guarded = self._find(scope)
        if guarded is not None:
            context.route, context.policy = guarded.path, guarded.policy
        if guarded is not None and guarded.policy.is_public:
            return
        context.actor = await self._authenticate(scope)
        bind_contextvars(actor_id=context.actor.ref)
        if guarded is not None and not guarded.policy.admits(
            context.actor, scope.get("method", "GET")
        ):
            raise forbidden()

    def _find(self, scope: Scope) -> GuardedRoute | None:
        return next((row for row in self._table if row.match(scope) is Match.FULL), None)

    def _limited(self, scope: Scope, context: RequestContext, receive: Receive) -> Receive:
        limit = context.policy.body_limit if context.policy else BODY_LIMIT
        declared = header(scope, "Content-Length")
        if declared is not None and (not declared.isdecimal() or int(declared) > limit):
            raise body_too_large(limit)

        async def counted() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                chunk = message.get("body", b"")
                context.body_size += len(chunk)
                if context.body_size > limit:
                    raise body_too_large(limit)
                context.body_hash.update(chunk)
                context.body_complete = not message.get("more_body", False)
            return message

        return counted


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a problem, or close a websocket before it is accepted."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": problem.code})
        return
    await problem_response(problem, scope)(scope, receive, send)

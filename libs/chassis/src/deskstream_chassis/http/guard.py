"""Deny by default: which caller a route takes, declared at the route and enforced before the body.

    @router.get("/api/tickets/{ticket}")
    @guarded("ticket:view")
    async def show_ticket(ticket: str, caller: CallerDep) -> TicketBody: ...

An app with a route, mount or websocket without a policy does not start.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller
from deskstream_chassis.http.context import context_of, header
from deskstream_chassis.http.problem import Problem, unauthenticated
from deskstream_chassis.refusal import StartRefused
from deskstream_eventstore import Idempotency, Origin

F = TypeVar("F")
_MARK = "__deskstream_policy__"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TICKET_SCOPES = ("tickets:view", "tickets:modify", "tickets:view:all", "tickets:modify:all")
BODY_LIMIT = 1024 * 1024
KEY_LIMIT = 200


class UnguardedRoute(StartRefused):
    """A route carries no policy; the service must not start."""


@dataclass(frozen=True)
class Policy:
    """Who may call a route; `access` lists alternatives.

    `public` (with a reason) · `session` (staff; state changes: agent and above) · `session:own`
    (own account and views: any staff) · `role:X` (X or above) · `ticket:view|modify|delete` (staff
    and keys with a tickets scope; the use case then asks `decide`) · `api-key:SCOPE` ·
    `service:NAME`.
    """

    access: tuple[str, ...]
    reason: str | None = None
    body_limit: int = BODY_LIMIT
    streams: bool = False
    """The endpoint reads the body itself while it arrives (uploads)."""

    def __post_init__(self) -> None:
        if not self.access:
            raise ValueError("a policy names at least one access")
        for access in self.access:
            _check_grammar(access)
        if self.is_public and (self.access != ("public",) or not self.reason):
            raise ValueError("a public route stands alone and gives a reason")

    @property
    def is_public(self) -> bool:
        """Open to callers without any proof."""
        return "public" in self.access

    def admits(self, actor: Actor, method: str) -> bool:
        """Whether this caller may use the route at all; objects are decided later."""
        return any(_admits(access, actor, method) for access in self.access)


def _check_grammar(access: str) -> None:
    kind, _, rest = access.partition(":")
    good = {
        "public": not rest,
        "session": rest in ("", "own"),
        "role": rest in set(Role),
        "ticket": rest in ("view", "modify", "delete"),
        "api-key": bool(rest),
        "service": bool(rest),
    }.get(kind, False)
    if not good:
        raise ValueError(f"{access!r} is not an access")


def _admits(access: str, actor: Actor, method: str) -> bool:
    kind, _, rest = access.partition(":")
    if kind == "session":
        changes = method not in _SAFE and rest != "own"
        return actor.is_at_least(Role.AGENT if changes else Role.VIEWER)
    if kind == "role":
        return actor.is_at_least(Role(rest))
    if kind == "ticket":
        return actor.is_at_least(Role.VIEWER) or actor.has_scope(*_TICKET_SCOPES)
    if kind == "api-key":
        return actor.has_scope(rest)
    return kind == "service" and actor.kind == "system" and actor.id == rest


def guarded(
    *access: str, reason: str | None = None, body_limit: int = BODY_LIMIT, streams: bool = False
) -> Callable[[F], F]:
    """Give an endpoint, or an ASGI app to be mounted, its policy (see Policy)."""
    policy = Policy(access, reason, body_limit, streams)

    def mark(endpoint: F) -> F:
        _give(endpoint, policy)
        return endpoint

    return mark


def _give(endpoint: object, policy: Policy) -> None:
    if getattr(endpoint, _MARK, policy) != policy:
        raise ValueError(f"{endpoint!r} has two policies")
    setattr(endpoint, _MARK, policy)


class PolicyRouter(APIRouter):
    """A router whose routes take one policy unless they are `guarded` themselves."""

    policy: Policy

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """As APIRouter's, giving the policy to an endpoint without one."""
        if not hasattr(endpoint, _MARK):
            _give(endpoint, self.policy)
        super().add_api_route(path, endpoint, **options)


def policy_router(*access: str, prefix: str = "", tags: list[str] | None = None) -> PolicyRouter:
    """A PolicyRouter for `access`."""
    router = PolicyRouter(prefix=prefix, tags=list(tags or ()))
    router.policy = Policy(access)
    return router


@dataclass(frozen=True)
class GuardedRoute:
    """One route with the policy that holds for it."""

    route: RouteContext
    path: str
    policy: Policy

    def match(self, scope: Scope) -> Match:
        """How the route fits a request; a value that its converter refuses does not fit."""
        return self.route._effective_route.matches(scope)[0]


def guard_table(routes: Iterable[BaseRoute]) -> tuple[GuardedRoute, ...]:
    """Every route with its policy, nested routers included. Raises UnguardedRoute naming those
    without one."""
    table, missing = [], []
    for context in iter_route_contexts(list(routes)):
        target = context.endpoint or getattr(context._effective_route, "app", None)
        policy = getattr(target, _MARK, None)
        if isinstance(policy, Policy):
            table.append(GuardedRoute(context, context.path_format or context.path or "", policy))
        else:
            methods = (
                ",".join(sorted(context.methods or ())) or type(context.original_route).__name__
            )
            missing.append(f"{methods} {context.path or context.original_route!r}")
    if missing:
        raise UnguardedRoute(f"no policy on: {'; '.join(missing)}")
    return tuple(table)


async def caller_of(request: Request) -> Caller:
    """The dependency behind CallerDep. Raises Problem 400 for a bad Idempotency-Key."""
    context = context_of(request.scope)
    actor = context.actor
    if actor is None:
        raise unauthenticated()
    return Caller(
        actor,
        Origin(
            actor=actor.ref,
            correlation_id=context.correlation_id,
            traceparent=context.traceparent,
            idempotency=await _idempotency(request, actor),
        ),
    )


async def _idempotency(request: Request, actor: Actor) -> Idempotency | None:
    if request.method != "POST" or "idempotency-key" not in request.headers:
        return None
    key = header(request.scope, "Idempotency-Key")
    if not key or len(key) > KEY_LIMIT or not key.isascii() or not key.isprintable():
        raise Problem(
            400,
            "bad_idempotency_key",
            detail=f"one Idempotency-Key of 1 to {KEY_LIMIT} printable ASCII characters",
        )
    context = context_of(request.scope)
    fingerprint = ""
    if context.policy is None or not context.policy.streams:
        if not context.body_complete:
            await request.body()
        digest = context.body_hash.copy()
        digest.update(b"\0" + request.scope["query_string"])
        fingerprint = digest.hexdigest()
    return Idempotency(actor.ref, request.method, request.scope["path"], key, fingerprint)


CallerDep = Annotated[Caller, Depends(caller_of)]
"""`caller: CallerDep` in an endpoint: who asks, with correlation, trace and Idempotency-Key."""

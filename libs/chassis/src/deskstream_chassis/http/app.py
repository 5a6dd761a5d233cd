"""Putting a service's HTTP app together: FastAPI inside, the gate and its like around it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from deskstream_chassis.http.context import CORRELATION_HEADER, context_of
from deskstream_chassis.http.errors import BASE, ErrorMap, handlers, problem_of
from deskstream_chassis.http.gate import Authenticate, Gate, refuse
from deskstream_chassis.http.guard import guard_table, guarded
from deskstream_chassis.metrics import MetricsLayer
from deskstream_chassis.telemetry import TracingLayer

Layer = Callable[[ASGIApp], ASGIApp]

_NO_NATIVE_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI (since 0.16x) would put path and query of each request into spans of its own."""


class Sealed(RuntimeError):
    """A route was added after start-up."""


class _SealedRoutes(list[BaseRoute]):
    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise Sealed("routes are fixed once the app has started")

    append = extend = insert = pop = remove = clear = _refuse
    __setitem__ = __delitem__ = __iadd__ = _refuse


class ServiceApp(FastAPI):
    """A FastAPI app that refuses to start with an unguarded route and is sealed once started."""

    authenticate: Authenticate
    errors: ErrorMap
    outer_layers: Sequence[Layer] = ()
    observed: bool = True
    taken_over: list[APIRouter]

    def demand_policies(self) -> None:
        """Raises UnguardedRoute naming every route, mount or websocket without a policy."""
        guard_table(self.routes)

    def build_middleware_stack(self) -> ASGIApp:
        """At the first ASGI call: check every route, seal them, put the gate before them."""
        table = guard_table(self.routes)
        for router in (self.router, *self.taken_over):
            _seal(router)
        app: ASGIApp = Gate(super().build_middleware_stack(), table, self.authenticate)
        for layer in self.outer_layers:
            app = layer(app)
        app = LastResort(app, self.errors)
        return TracingLayer(MetricsLayer(app)) if self.observed else app


def _seal(router: Any) -> None:
    for route in router.routes:
        nested = getattr(route, "original_router", None)
        if nested is not None and not isinstance(nested.routes, _SealedRoutes):
            _seal(nested)
    router.routes = _SealedRoutes(router.routes)


class LastResort:
    """Outermost: a correlation id on every answer, a problem for whatever the app let through."""

    def __init__(self, app: ASGIApp, errors: ErrorMap) -> None:
        self._app = app
        self._errors = errors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI. Never raises for http; an answer that has begun is cut off."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bind_contextvars(correlation_id=context_of(scope).correlation_id)
        correlation = context_of(scope).correlation_id.encode()
        begun = False

        async def stamped(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                name = CORRELATION_HEADER.lower().encode()
                headers = [pair for pair in message.get("headers", ()) if pair[0] != name]
                message = {**message, "headers": [*headers, (name, correlation)]}
            await send(message)

        try:
            await self._app(scope, receive, stamped)
        except Exception as error:  # noqa: BLE001 - turned into an answer and logged by class
            if not begun:
                await refuse(problem_of(error, self._errors), scope, receive, stamped)


def create_app(
    service: str,
    *,
    routers: Sequence[APIRouter],
    authenticate: Authenticate,
    errors: ErrorMap | None = None,
    lifespan: Callable[[Any], AbstractAsyncContextManager[None]] | None = None,
    layers: Sequence[Layer] = (),
    observed: bool = True,
    version: str = "0.1.0",
) -> ServiceApp:
    """The app of a service.

    `authenticate` tells who sends a request (services: `TokenVerifier.authenticate`). `errors` maps
    the service's own exception classes to problems. `layers` are pure ASGI wrappers put around the
    gate. `observed`: measure, trace and log each request here (False behind something of the same
    process that does).

    Raises UnguardedRoute at once for a route without a policy; one that is added later is found
    when the app starts, and none can be added after that.
    """
    all_errors: ErrorMap = {**BASE, **(errors or {})}
    app = ServiceApp(
        title=f"Deskstream {service}",
        version=version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_NATIVE_TELEMETRY,
        exception_handlers=dict(handlers(all_errors)),  # type: ignore[arg-type]
    )
    app.authenticate = authenticate
    app.errors = all_errors
    app.outer_layers = tuple(layers)
    app.observed = observed
    app.taken_over = []
    for router in routers:
        _add_router(app, router)
    _add_docs(app, service)
    app.demand_policies()
    return app


def _add_router(app: ServiceApp, router: APIRouter) -> None:
    """As include_router; a plain router's routes are taken over as they are, because FastAPI
    matches each route of an included one twice (67 µs a request with 30 routes)."""
    is_plain = all(type(route) is APIRoute for route in router.routes)
    if is_plain and type(router.lifespan_context) is type(APIRouter().lifespan_context):
        app.router.routes.extend(router.routes)
        app.taken_over.append(router)
    else:
        app.include_router(router)


def _add_docs(app: FastAPI, service: str) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    @guarded("role:admin")
    async def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False)
    @guarded("role:admin")
    async def docs() -> Response:
        return get_swagger_ui_html(openapi_url="/openapi.json", title=f"Deskstream {service}")

"""Deny by default: a route, mount or websocket without a policy stops the start."""

from collections.abc import Callable

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.endpoints import HTTPEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import (
    UnguardedRoute,
)
from deskstream_chassis.testing import by_name, call


class Note(BaseModel):
    text: str


def app_of(*routers: APIRouter) -> ServiceApp:
    return create_app("tests", routers=routers, authenticate=by_name)


def decorator(router: APIRouter) -> None:
    @router.get("/lost")
    async def lost() -> None: ...


def nested(router: APIRouter) -> None:
    inner, middle = APIRouter(prefix="/lost"), APIRouter()
    inner.add_api_route("", lambda: None, methods=["DELETE"])
    middle.include_router(inner)
    router.include_router(middle)


def added_api_route(router: APIRouter) -> None:
    router.add_api_route("/lost", lambda: None)


def added_plain_route(router: APIRouter) -> None:
    router.add_route("/lost", lambda _: PlainTextResponse(""))


def endpoint_class(router: APIRouter) -> None:
    router.routes.append(Route("/lost", HTTPEndpoint))


def mount(router: APIRouter) -> None:
    router.mount("/lost", StaticFiles(directory="/", check_dir=False))


def mounted_app(router: APIRouter) -> None:
    router.mount("/lost", FastAPI())


def mounted_routes(router: APIRouter) -> None:
    router.routes.append(Mount("/lost", routes=[Route("/x", lambda _: PlainTextResponse(""))]))


def websocket(router: APIRouter) -> None:
    @router.websocket("/lost")
    async def lost(socket: WebSocket) -> None: ...


def plain_websocket(router: APIRouter) -> None:
    async def lost(socket: WebSocket) -> None: ...

    router.add_websocket_route("/lost", lost)


WAYS = [
    decorator,
    nested,
    added_api_route,
    added_plain_route,
    endpoint_class,
    mount,
    mounted_app,
    mounted_routes,
    websocket,
    plain_websocket,
]


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_a_route_without_a_policy_stops_the_start_and_is_named(
    way: Callable[[APIRouter], None],
) -> None:
    router = APIRouter()
    way(router)
    with pytest.raises(UnguardedRoute, match="/lost"):
        app_of(router)


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
async def test_one_that_is_added_to_the_app_later_stops_it_too(
    way: Callable[[APIRouter], None],
) -> None:
    app = app_of()
    way(app.router)
    with pytest.raises(UnguardedRoute, match="/lost"):
        await call(app, "GET", "/lost", As="admin")


def test_a_host_route_and_a_frontend_stop_the_start(tmp_path: object) -> None:
    app = app_of()
    app.router.routes.append(Host("lost.example", Router()))
    with pytest.raises(UnguardedRoute, match="lost"):
        app.build_middleware_stack()

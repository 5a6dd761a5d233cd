"""The only place where the greeter's parts meet."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic_settings import SettingsConfigDict

from deskstream_chassis.health import OpsRoute
from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.operations import Operations
from deskstream_chassis.process import Parts, ServiceSpec, Worker
from deskstream_chassis.settings import ServiceSettings, key_bytes
from deskstream_chassis.testing import by_name
from deskstream_eventstore import Database, KafkaSettings, SubjectHasher


class GreeterSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="GREETER_")

    worker: Literal["good", "ends", "raises", "hangs"] = "good"
    lost: str = ""
    """How a route without a policy is added to the finished app, if one is."""


def greetings() -> APIRouter:
    router = APIRouter()

    @router.get("/hello")
    @guarded("session")
    async def hello(caller: CallerDep) -> str:
        return caller.actor.ref

    @router.get("/slow")
    @guarded("session")
    async def slow(request: Request) -> str:
        stopping: asyncio.Event = request.app.state.stopping
        await stopping.wait()
        return "done"

    @router.get("/stream")
    @guarded("session")
    async def stream(request: Request) -> StreamingResponse:
        stopping: asyncio.Event = request.app.state.stopping

        async def events() -> AsyncIterator[str]:
            yield "data: begun\n\n"
            await stopping.wait()
            yield "data: ended\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    @router.get("/endless")
    @guarded("session")
    async def endless() -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            yield "data: begun\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(events(), media_type="text/event-stream")

    return router


def lose(app: ServiceApp, how: str) -> ServiceApp:
    """A route that nobody guards, in one of the ways there are."""

    async def lost(_: Any) -> None: ...

    nested = APIRouter()
    nested.add_api_route("/lost", lambda: None)
    ways: dict[str, Callable[[], object]] = {
        "": lambda: None,
        "decorator": lambda: app.get("/lost")(lambda: None),
        "nested": lambda: app.include_router(nested),
        "add_route": lambda: app.add_route("/lost", lost),
        "mount": lambda: app.mount("/lost", FastAPI()),
        "websocket": lambda: app.router.add_websocket_route("/lost", lost),
    }
    ways[how]()
    return app


def work(how: str) -> Worker:
    async def run(stopping: asyncio.Event) -> None:
        if how == "ends":
            return
        if how == "raises":
            raise RuntimeError("anna@shop.example")
        await (asyncio.Event() if how == "hangs" else stopping).wait()

    return Worker("greets", run, health=lambda: {"assigned": True, "lag": 0, "position_age": 0.0})


async def jwks() -> Mapping[str, Any]:
    return {"keys": []}


async def shout(arguments: Sequence[str]) -> Any:
    return {"shout": [text.upper() for text in arguments]}


@asynccontextmanager
async def build(settings: GreeterSettings) -> AsyncIterator[Parts]:
    database = await Database.connect(
        settings.database_dsn.get_secret_value(),
        size=settings.database_size,
        name="greeter",
        subjects=SubjectHasher(key_bytes(settings.subject_key)),
    )
    try:
        yield Parts(
            database=database,
            app=lose(
                create_app("greeter", routers=[greetings()], authenticate=by_name), settings.lost
            ),
            workers=[work(settings.worker)],
            ops_routes=[OpsRoute("/internal/jwks", jwks)],
            operations=Operations(database, "gateway", KafkaSettings("127.0.0.1:1")),
            commands={"shout": shout},
        )
    finally:
        await database.close()


SPEC = ServiceSpec(name="greeter", settings_type=GreeterSettings, build=build)

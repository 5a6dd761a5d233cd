"""Who passes which policy, asked before a byte of the body is read."""

from collections.abc import Callable
from itertools import product

import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router

from deskstream_chassis.http.app import Sealed, ServiceApp, create_app
from deskstream_chassis.http.guard import (
    CallerDep,
    Policy,
    guarded,
    policy_router,
)
from deskstream_chassis.testing import CALLERS, by_name, call


class Note(BaseModel):
    text: str


def app_of(*routers: APIRouter) -> ServiceApp:
    return create_app("tests", routers=routers, authenticate=by_name)


def routed() -> APIRouter:
    router = APIRouter()

    @router.get("/open")
    @guarded("public", reason="the tests look at it")
    async def read_open() -> str:
        return "open"

    for name, access in {
        "session": ("session",),
        "own": ("session:own",),
        "manager": ("role:manager",),
        "view": ("ticket:view",),
        "users": ("role:admin", "api-key:users:read"),
        "cron": ("api-key:cron:outbox",),
        "ops": ("service:gateway",),
    }.items():

        async def endpoint(caller: CallerDep) -> str:
            return caller.actor.ref

        router.add_api_route(
            f"/{name}",
            guarded(*access)(endpoint),
            methods=["GET", "POST"],
            include_in_schema=False,
        )

    @router.post("/notes")
    @guarded("session")
    async def add_note(note: Note, caller: CallerDep) -> str:
        return f"{note.text} {caller.actor.ref}"

    return router


ADMITTED = {
    ("GET", "session"): {"viewer", "agent", "manager", "admin"},
    ("POST", "session"): {"agent", "manager", "admin"},
    ("POST", "own"): {"viewer", "agent", "manager", "admin"},
    ("GET", "manager"): {"manager", "admin"},
    ("GET", "view"): {"viewer", "agent", "manager", "admin", "key"},
    ("GET", "users"): {"admin", "key"},
    ("POST", "cron"): {"other-key"},
    ("GET", "ops"): {"gateway"},
}
ALL = {"viewer", "agent", "manager", "admin", "nobody", "key", "other-key", "gateway", "timer"}


@pytest.mark.parametrize(("row", "admitted"), ADMITTED.items(), ids=[" ".join(r) for r in ADMITTED])
async def test_a_policy_admits_its_callers_and_nobody_else(
    row: tuple[str, str], admitted: set[str]
) -> None:
    app = app_of(routed())
    answers = {name: await call(app, row[0], f"/{row[1]}", As=name) for name in ALL}
    assert {name for name, answer in answers.items() if answer.status == 200} == admitted
    assert {a.status for name, a in answers.items() if name not in admitted} == {403}


async def test_nobody_gets_401_everywhere_but_on_public_routes() -> None:
    app = app_of(routed())
    for path in ("/session", "/view", "/ops", "/docs", "/openapi.json", "/absent", "/notes"):
        answer = await call(app, "GET", path)
        assert (answer.status, answer.json()["code"]) == (401, "unauthenticated"), path
    assert (await call(app, "GET", "/open")).status == 200


async def test_the_documentation_is_for_admins() -> None:
    app = app_of(routed())
    for path in ("/docs", "/openapi.json"):
        assert (await call(app, "GET", path, As="agent")).status == 403
        assert (await call(app, "GET", path, As="admin")).status == 200
    for path in ("/redoc", "/docs/oauth2-redirect"):
        assert (await call(app, "GET", path, As="admin")).status == 404


@pytest.mark.parametrize(
    ("caller", "status"), [("", 401), ("viewer", 403), ("key", 403), ("keys-missing", 503)]
)
async def test_a_refusal_comes_before_the_body_is_read(caller: str, status: int) -> None:
    answer = await call(
        app_of(routed()), "POST", "/notes", b"{not json", As=caller, Content_Type="application/json"
    )
    assert (answer.status, answer.chunks_read) == (status, 0)


async def test_the_admitted_caller_reaches_the_endpoint() -> None:
    answer = await call(
        app_of(routed()),
        "POST",
        "/notes",
        b'{"text": "hi"}',
        As="agent",
        Content_Type="application/json",
    )
    assert answer.json() == "hi user:00000000-0000-0000-0000-000000000002"


async def test_an_app_is_sealed_once_it_has_started() -> None:
    router = routed()
    app = app_of(router)
    await call(app, "GET", "/open")
    for seal in (
        lambda: app.get("/late")(guarded("session")(lambda: None)),
        lambda: app.router.add_route("/late", lambda _: PlainTextResponse("")),
        lambda: router.get("/late")(guarded("session")(lambda: None)),
        lambda: app.mount("/late", FastAPI()),
        lambda: app.include_router(APIRouter(prefix="/late")),
    ):
        with pytest.raises((Sealed, RuntimeError)):
            seal()
    assert (await call(app, "GET", "/late", As="admin")).status == 404


async def test_where_templates_overlap_the_policy_is_that_of_the_endpoint_that_answers() -> None:
    def endpoint(name: str, access: str) -> Callable[[], str]:
        return guarded(access)(lambda: f"{name} {access}")

    first, second, inner, outer = APIRouter(), APIRouter(), APIRouter(), APIRouter(prefix="/t")
    first.add_api_route("/t/failed", endpoint("failed", "role:manager"))
    first.add_api_route("/t/{item}", endpoint("item", "ticket:view"))
    second.add_api_route("/t/{item}", endpoint("post", "role:admin"), methods=["POST"])
    second.add_api_route("/t/{item}", endpoint("shadowed", "service:gateway"))
    second.add_route("/t/{rest:path}", guarded("role:admin")(PlainTextResponse("rest")))
    inner.add_api_route("/deep/{item}", endpoint("deep", "service:gateway"))
    outer.include_router(inner)
    app = app_of(first, outer, second)
    for caller in ALL:
        for method, path in product(
            ("GET", "POST", "HEAD", "PUT"),
            ("/t/failed", "/t/1", "/t/deep/1", "/t/a/b", "/t/", "/t"),
        ):
            answer = await call(app, method, path, As=caller)
            if answer.status == 200 and answer.content.startswith(b'"'):
                access = answer.json().split()[1]
                assert Policy((access,)).admits(CALLERS[caller], method), (caller, method, path)
    assert (await call(app, "GET", "/t/failed", As="manager")).json() == "failed role:manager"
    assert (await call(app, "GET", "/t/1", As="agent")).json() == "item ticket:view"
    assert (await call(app, "POST", "/t/1", As="admin")).json() == "post role:admin"
    assert (await call(app, "GET", "/t/deep/1", As="gateway")).json() == "deep service:gateway"
    assert (await call(app, "GET", "/t/deep/1", As="admin")).status == 403


async def test_a_mounted_app_is_guarded_by_its_policy() -> None:
    async def inside(request: Request) -> Response:
        return PlainTextResponse("inside")

    router = APIRouter()
    mounted = Router(routes=[Route("/x", inside)])
    router.mount("/files", guarded("role:manager")(mounted))
    app = app_of(router)
    assert (await call(app, "GET", "/files/x")).status == 401
    assert (await call(app, "GET", "/files/x", As="agent")).status == 403


def test_a_policy_router_gives_its_policy_to_routes_without_one() -> None:
    router = policy_router("role:admin", prefix="/api/admin")

    @router.get("/a")
    async def first() -> None: ...

    @router.get("/b")
    @guarded("role:manager")
    async def second() -> None: ...

    app_of(router)
    assert [getattr(f, "__deskstream_policy__").access for f in (first, second)] == [  # noqa: B009
        ("role:admin",),
        ("role:manager",),
    ]


def test_an_endpoint_cannot_have_two_policies() -> None:
    with pytest.raises(ValueError, match="two policies"):
        guarded("session")(guarded("role:admin")(lambda: None))


@pytest.mark.parametrize(
    "access",
    [(), ("",), ("Session",), ("role:boss",), ("ticket:",), ("ticket:read",), ("public", "session"),
     ("public:x",), ("api-key:",), ("service:",), ("anyone",)],
)  # fmt: skip
def test_a_policy_that_is_not_in_the_grammar_is_refused(access: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"access|policy|public"):
        Policy(access)


def test_a_public_route_gives_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Policy(("public",))

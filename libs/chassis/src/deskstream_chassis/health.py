"""The ops port of a process: `/startupz`, `/readyz`, `/livez`, `/metrics` and a service's own."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from deskstream_chassis.logs import log
from deskstream_chassis.metrics import LOOP_LAG

Check = Callable[[], Awaitable[bool]]
"""True if the dependency answers; may raise or hang, which both count as False."""

BEAT_SECONDS = 1.0
DEAD_LOOP_SECONDS = 15.0
STUCK_SECONDS = 300.0
CHECK_SECONDS = 2.0


@dataclass(frozen=True)
class OpsRoute:
    """A GET of the ops port that belongs to one service (the gateway's `/internal/jwks`)."""

    path: str
    answer: Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass
class Health:
    """What the process knows of itself. Ready is False until started and from SIGTERM on."""

    role: Literal["api", "worker", "all"]
    started: bool = False
    stopping: bool = False
    dependencies: dict[str, Check] = field(default_factory=dict)
    workers: dict[str, Callable[[], Mapping[str, Any]]] = field(default_factory=dict)
    """Of each worker that reports: `assigned`, `position_age` (seconds), `lag`."""
    measures: list[Callable[[], None]] = field(default_factory=list)
    """Run at each beat; they set gauges and do not wait."""
    beat: float = field(default_factory=time.monotonic)

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        """api and all: the dependencies answer; Kafka is not one of them. worker: its partitions
        are assigned as well."""
        checks = await self._check()
        detail: dict[str, Any] = {"started": self.started, "stopping": self.stopping, **checks}
        good = self.started and not self.stopping and all(checks.values())
        if self.role == "worker":
            for name, report in self.workers.items():
                detail[name] = bool(report().get("assigned", True))
                good = good and detail[name]
        return good, detail

    async def alive(self) -> tuple[bool, dict[str, Any]]:
        """The loop beats; and no worker's position has stood still for 5 min while all
        dependencies answer and there is lag. Never a dependency, never lag alone."""
        age = time.monotonic() - self.beat
        detail: dict[str, Any] = {"beat_age_seconds": round(age, 1)}
        if age > DEAD_LOOP_SECONDS:
            return False, detail
        stuck = [name for name, report in self.workers.items() if _stuck(report())]
        if stuck and all((await self._check()).values()):
            return False, {**detail, "stuck": stuck}
        return True, detail

    async def _check(self) -> dict[str, bool]:
        return {name: await _answers(check) for name, check in self.dependencies.items()}

    async def keep_beating(self) -> None:
        """Beats until cancelled, and measures how late the loop runs."""
        while True:
            asked = time.monotonic()
            await asyncio.sleep(BEAT_SECONDS)
            self.beat = time.monotonic()
            LOOP_LAG.set(max(0.0, self.beat - asked - BEAT_SECONDS))
            for measure in self.measures:
                measure()


def _stuck(report: Mapping[str, Any]) -> bool:
    return bool(report.get("lag")) and float(report.get("position_age") or 0) >= STUCK_SECONDS


async def _answers(check: Check) -> bool:
    try:
        return await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as error:  # noqa: BLE001 - a failing check is the answer
        log.warning("dependency does not answer", error_code=type(error).__name__)
        return False


class OpsServer:
    """Serves the ops port on the running loop; not for the world: no policy, no secrets."""

    def __init__(
        self, health: Health, host: str, port: int, routes: Sequence[OpsRoute] = ()
    ) -> None:
        self._health = health
        self._host, self._port = host, port
        self._own: dict[str, OpsRoute] = {route.path: route for route in routes}
        self._runner: web.AppRunner | None = None

    def serve_also(self, routes: Sequence[OpsRoute]) -> None:
        """Add a service's routes, known only once its parts are built."""
        self._own.update({route.path: route for route in routes})

    @property
    def port(self) -> int:
        """The bound port; after `start`."""
        if self._runner is None:
            raise RuntimeError("the ops server has not started")
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """Bind and serve. Raises OSError if the port is taken."""
        app = web.Application()
        app.router.add_get("/startupz", self._startup)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/livez", self._alive)
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/{path:.*}", self._service_route)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _startup(self, _: web.Request) -> web.Response:
        return _verdict(self._health.started, {"started": self._health.started})

    async def _ready(self, _: web.Request) -> web.Response:
        return _verdict(*await self._health.ready())

    async def _alive(self, _: web.Request) -> web.Response:
        return _verdict(*await self._health.alive())

    async def _metrics(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(REGISTRY), headers={"Content-Type": content_type})

    async def _service_route(self, request: web.Request) -> web.Response:
        route = self._own.get(request.path)
        if route is None:
            return web.Response(status=404)
        return web.json_response(dict(await route.answer()), headers={"Cache-Control": "no-store"})


def _verdict(good: bool, detail: Mapping[str, Any]) -> web.Response:
    return web.json_response(dict(detail), status=200 if good else 503)

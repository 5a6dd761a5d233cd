"""The life of a process: start, wait for the schema, run, and leave in order at SIGTERM."""

import asyncio
import gc
import signal
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg

from deskstream_chassis.health import Health, OpsServer
from deskstream_chassis.http.serve import GranianEmbedded, Server, UvicornServer
from deskstream_chassis.logs import log, where
from deskstream_chassis.metrics import POOL, POOL_MAX
from deskstream_chassis.migrations import at_head, migrations_folder
from deskstream_chassis.process import Door, Parts, ServiceSpec
from deskstream_chassis.refusal import StartRefused
from deskstream_chassis.settings import ServiceSettings
from deskstream_chassis.telemetry import install, tracer_provider

S = TypeVar("S", bound=ServiceSettings)
WORKER_SECONDS = 20.0
"""How long workers may take to finish, commit and leave their group: FastStream's 15 s and some."""
POLL_SECONDS = 0.25
LISTEN_SECONDS = 0.02


class NotStarted(RuntimeError):
    """The schema did not come to head in time."""


class WorkerEnded(RuntimeError):
    """A worker returned although nobody had asked it to."""


async def run_role(spec: ServiceSpec[S], settings: S, role: Any) -> int:
    """Run api, worker or all until SIGTERM or SIGINT. Returns the exit code."""
    provider = install(
        tracer_provider(
            spec.name,
            spec.version,
            otlp_endpoint=settings.otlp_endpoint,
            trace_file=settings.trace_file,
        )
    )
    stopping = asyncio.Event()
    health = Health(role)
    ops = OpsServer(health, settings.ops_host, settings.ops_port)
    _stop_on_signals(stopping, health)
    await ops.start()
    beat = asyncio.create_task(health.keep_beating())
    try:
        await _run(spec, settings, health, ops, stopping)
        return 0
    except StartRefused as error:
        log.error("start refused", reason=str(error), error_code=type(error).__name__, role=role)
        return 1
    except Exception as error:  # noqa: BLE001 - the process ends, its supervisor starts a new one
        log.error("process failed", error_code=type(error).__name__, where=where(error), role=role)
        if settings.log_level == "debug":
            traceback.print_exc()
        return 1
    finally:
        beat.cancel()
        await ops.stop()
        await asyncio.to_thread(provider.shutdown)


def _stop_on_signals(stopping: asyncio.Event, health: Health) -> None:
    def stop(number: signal.Signals) -> None:
        log.info("stopping", signal=number.name)
        health.stopping = True
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)


async def _run(
    spec: ServiceSpec[S], settings: S, health: Health, ops: OpsServer, stopping: asyncio.Event
) -> None:
    if not await _schema_at_head(spec.name, settings, stopping):
        return
    async with spec.build(settings) as parts:
        health.dependencies["database"] = lambda: _database_answers(parts)
        health.measures.append(lambda: _measure_pool(parts))
        ops.serve_also(parts.ops_routes)
        _rest_the_collector()
        jobs: dict[str, Callable[[asyncio.Event], Awaitable[None]]] = {}
        if health.role in ("api", "all") and parts.app is not None:
            main = Door("http", parts.app, settings.api_host, settings.api_port)
            for door in (main, *parts.doors):
                jobs[door.name] = _server(spec, settings, door, stopping).run
        if health.role in ("worker", "all"):
            jobs |= {worker.name: worker.run for worker in parts.workers}
            health.workers |= {w.name: w.health for w in parts.workers if w.health}
        starting = asyncio.create_task(_start(health, settings, stopping, "http" in jobs))
        try:
            await run_until_stopped(jobs, stopping)
        finally:
            starting.cancel()
    log.info("stopped", role=health.role)


def _rest_the_collector() -> None:
    """What stands now stays: a tenth of a request's CPU was spent on walking through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _start(
    health: Health, settings: ServiceSettings, stopping: asyncio.Event, http: bool
) -> None:
    """Started is who can be reached: with an api, once its port takes connections."""
    while http and not stopping.is_set():
        try:
            _, writer = await asyncio.open_connection(settings.api_host, settings.api_port)
        except OSError:
            await asyncio.sleep(LISTEN_SECONDS)
            continue
        writer.close()
        break
    health.started = True
    log.info("started", role=health.role, port=settings.api_port if http else None)


def _server(spec: ServiceSpec[S], settings: S, door: Door, stopping: asyncio.Event) -> Server:
    app: Any = door.app
    if hasattr(app, "demand_policies"):
        app.demand_policies()  # once more: a route may have been added since the app was made
    if hasattr(app, "state"):
        app.state.stopping = stopping
    kind = GranianEmbedded if spec.server == "granian" else UvicornServer
    return kind(app, door.host, door.port, settings.shutdown_seconds)


async def run_until_stopped(
    jobs: dict[str, Callable[[asyncio.Event], Awaitable[None]]],
    stopping: asyncio.Event,
    seconds: float = WORKER_SECONDS,
) -> None:
    """Run all jobs at once. If one ends unasked or raises, the others are stopped in order and the
    first error (or WorkerEnded) is raised. Those that outlive `seconds` are cancelled."""
    tasks = {asyncio.ensure_future(run(stopping)): name for name, run in jobs.items()}
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({*tasks, told}, return_when=asyncio.FIRST_COMPLETED)
    unasked = [name for task, name in tasks.items() if task.done() and not stopping.is_set()]
    stopping.set()
    await told
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            log.warning("cancelled", worker=tasks[task])
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task, name in tasks.items():
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker failed", worker=name, error_code=type(error).__name__)
            raise error
    if unasked:
        raise WorkerEnded(", ".join(unasked))


def _measure_pool(parts: Parts) -> None:
    pool = parts.database.pool
    POOL.labels("idle").set(pool.get_idle_size())
    POOL.labels("used").set(pool.get_size() - pool.get_idle_size())
    POOL_MAX.set(pool.get_max_size())


async def _database_answers(parts: Parts) -> bool:
    async with parts.database.reading() as work:
        return bool(await work.connection.fetchval("select 1") == 1)


async def _schema_at_head(package: str, settings: ServiceSettings, stopping: asyncio.Event) -> bool:
    """Wait until the database answers and its schema is at head; False if told to stop before.
    Raises NotStarted after `startup_seconds`."""
    folder = migrations_folder(package)
    dsn = settings.database_dsn.get_secret_value()
    deadline = asyncio.get_running_loop().time() + settings.startup_seconds
    reason = "schema"
    while not stopping.is_set():
        try:
            if await at_head(dsn, folder):
                return True
            reason = "schema_behind"
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            reason = type(error).__name__
        if asyncio.get_running_loop().time() > deadline:
            raise NotStarted(reason)
        log.info("waiting for the schema", reason=reason)
        try:
            await asyncio.wait_for(stopping.wait(), POLL_SECONDS)
        except TimeoutError:
            continue
    return False

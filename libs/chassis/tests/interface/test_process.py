"""A process starts when its schema is there, tells its health, and leaves in order at SIGTERM."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskstream_chassis.migrations import migrate
from deskstream_tools.local.processes import free_port

KEY = "9d4f0c7be12a6358f7c4a91e5d30b286731fe8c5024db96a8f57e3c1b04d962a"
HOME = Path(__file__).parents[1] / "greeter"


def prepared(dsn: str) -> None:
    migrate(dsn, HOME / "migrations")


class Process:
    """A greeter in a process of its own."""

    def __init__(self, dsn: str, **settings: str) -> None:
        self.api, self.ops = free_port(), free_port()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(HOME / "src"),
            "GREETER_DATABASE_DSN": dsn,
            "GREETER_API_PORT": str(self.api),
            "GREETER_OPS_PORT": str(self.ops),
            "GREETER_BUCKET_URL": "file:///nowhere",
            "GREETER_SUBJECT_KEY": KEY,
            "GREETER_STARTUP_SECONDS": "60",
            **{f"GREETER_{name.upper()}": value for name, value in settings.items()},
        }
        self.client = httpx.AsyncClient(headers={"As": "agent"}, timeout=20)
        self._child: asyncio.subprocess.Process | None = None
        self.output = b""

    async def run(self, *arguments: str) -> int:
        """Start, and wait for the end; the exit code."""
        await self.start(*arguments)
        return await self.ended()

    async def start(self, *arguments: str) -> None:
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "greeter", *arguments,
            env=self.environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    @property
    def child(self) -> asyncio.subprocess.Process:
        assert self._child is not None
        return self._child

    async def ended(self) -> int:
        output, _ = await asyncio.wait_for(self.child.communicate(), 60)
        self.output += output
        return self.child.returncode or 0

    def terminate(self) -> None:
        self.child.send_signal(signal.SIGTERM)

    async def status(self, path: str, port: int | None = None) -> int:
        """The status of an answer; 0 if nobody listens."""
        try:
            return (await self.client.get(f"http://127.0.0.1:{port or self.ops}{path}")).status_code
        except httpx.TransportError:
            return 0

    async def until(self, good: Callable[[], Any]) -> None:
        """Wait for a condition while the process lives."""
        deadline = time.monotonic() + 60
        while not await good():
            if self.child.returncode is not None:
                await self.ended()
                pytest.fail(f"the process has ended: {self.output.decode()}")
            assert time.monotonic() < deadline, "the condition never came"
            await asyncio.sleep(0.05)

    async def ready(self) -> None:
        async def is_ready() -> bool:
            return await self.status("/readyz") == 200

        await self.until(is_ready)

    async def answering(self, requests: int) -> bool:
        """Whether so many requests are open."""
        scrape = await self.client.get(f"http://127.0.0.1:{self.ops}/metrics")
        return f"http_server_active_requests {requests}.0" in scrape.text

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]


@asynccontextmanager
async def running(dsn: str, *arguments: str, **settings: str) -> AsyncIterator[Process]:
    """A started process; killed at the end if it still lives."""
    process = Process(dsn, **settings)
    await process.start(*arguments)
    try:
        yield process
    finally:
        if process.child.returncode is None:
            process.child.kill()
            await process.ended()
        await process.client.aclose()


SERVERS = pytest.mark.parametrize("server", ["uvicorn", "granian"])


@SERVERS
async def test_an_api_serves_and_stops_with_0(postgres_dsn: Any, server: str) -> None:
    async with running(postgres_dsn(prepared), "api", server=server) as process:
        await process.ready()
        for path in ("/startupz", "/readyz", "/livez", "/metrics", "/internal/jwks"):
            assert await process.status(path) == 200, path
        assert await process.status("/other") == 404
        scrape = (await process.client.get(f"http://127.0.0.1:{process.ops}/metrics")).text
        for name in ("event_loop_lag_seconds", "process_cpu_seconds_total", "event_relay_"):
            assert name in scrape
        assert await process.status("/hello", process.api) == 200
        process.terminate()
        assert await process.ended() == 0
        assert [line["event"] for line in process.lines()][-2:] == ["stopping", "stopped"]


@SERVERS
async def test_sigterm_ends_streams_and_finishes_open_requests(
    postgres_dsn: Any, server: str
) -> None:
    async with running(postgres_dsn(prepared), "all", server=server) as process:
        await process.ready()
        url = f"http://127.0.0.1:{process.api}"
        slow = asyncio.create_task(process.client.get(f"{url}/slow"))
        async with process.client.stream("GET", f"{url}/stream") as stream:
            chunks = stream.aiter_text()
            assert "begun" in await anext(chunks)
            await process.until(lambda: process.answering(2))
            began = time.monotonic()
            process.terminate()
            assert "ended" in "".join([chunk async for chunk in chunks])
        assert (await slow).json() == "done"
        assert await process.ended() == 0
        assert time.monotonic() - began < 20


@SERVERS
async def test_a_stream_that_does_not_end_is_cut_off_in_time(
    postgres_dsn: Any, server: str
) -> None:
    async with running(
        postgres_dsn(prepared), "api", server=server, shutdown_seconds="1"
    ) as process:
        await process.ready()
        url = f"http://127.0.0.1:{process.api}/endless"
        async with process.client.stream("GET", url) as stream:
            assert "begun" in await anext(stream.aiter_text())
            began = time.monotonic()
            process.terminate()
            assert await process.ended() == 0
            assert time.monotonic() - began < 20


async def test_a_stopping_process_is_not_ready(postgres_dsn: Any) -> None:
    async with running(postgres_dsn(prepared), "api", shutdown_seconds="3") as process:
        await process.ready()
        url = f"http://127.0.0.1:{process.api}/endless"
        async with process.client.stream("GET", url) as stream:
            await anext(stream.aiter_text())
            process.terminate()

            async def is_unready() -> bool:
                return await process.status("/readyz") == 503

            await process.until(is_unready)
            assert await process.status("/livez") == 200


async def test_it_waits_for_the_schema_and_goes_on_when_it_is_there(postgres_dsn: Any) -> None:
    dsn = postgres_dsn()
    async with running(dsn, "api") as process:

        async def is_waiting() -> bool:
            return await process.status("/startupz") == 503

        await process.until(is_waiting)
        assert await process.status("/readyz") == 503
        assert await Process(dsn).run("migrate") == 0
        await process.ready()
        process.terminate()
        assert await process.ended() == 0


async def test_a_schema_that_never_comes_ends_it_with_1(postgres_dsn: Any) -> None:
    process = Process(postgres_dsn(), startup_seconds="0.5")
    assert await process.run("api") == 1
    assert process.lines()[-1]["error_code"] == "NotStarted"


@pytest.mark.parametrize(("worker", "code"), [("ends", "WorkerEnded"), ("raises", "RuntimeError")])
async def test_a_worker_that_ends_takes_the_process_with_it(
    postgres_dsn: Any, worker: str, code: str
) -> None:
    process = Process(postgres_dsn(prepared), worker=worker)
    assert await process.run("all") == 1
    assert process.lines()[-1]["error_code"] == code
    assert b"anna" not in process.output


async def test_a_worker_has_no_api_and_an_api_no_worker(postgres_dsn: Any) -> None:
    dsn = postgres_dsn(prepared)
    async with running(dsn, "worker") as process:
        await process.ready()
        assert await process.status("/hello", process.api) == 0
        process.terminate()
        assert await process.ended() == 0
    async with running(dsn, "api", worker="raises") as process:
        await process.ready()


@pytest.mark.parametrize("how", ["decorator", "nested", "add_route", "mount", "websocket"])
async def test_a_route_without_a_policy_ends_it_with_1_and_is_named(
    postgres_dsn: Any, how: str
) -> None:
    process = Process(postgres_dsn(prepared), lost=how)
    assert await process.run("api") == 1
    (refused,) = [line for line in process.lines() if line["event"] == "start refused"]
    assert refused["error_code"] == "UnguardedRoute"
    assert "/lost" in refused["reason"]
    assert "started" not in {line["event"] for line in process.lines()}


async def test_a_taken_port_ends_it_with_1(postgres_dsn: Any) -> None:
    dsn = postgres_dsn(prepared)
    async with running(dsn, "api") as first:
        await first.ready()
        second = Process(dsn)
        second.environment["GREETER_API_PORT"] = str(first.api)
        assert await second.run("api") == 1


async def test_wrong_settings_and_arguments_end_it_with_2(postgres_dsn: Any) -> None:
    process = Process("postgresql://anna:secret-word@host/db", subject_key="short")
    assert await process.run("api") == 2
    assert b"subject_key" in process.output
    assert b"short" not in process.output
    assert b"secret-word" not in process.output
    assert await Process("x").run("dance") == 2


async def test_ops_answers_in_json(postgres_dsn: Any) -> None:
    dsn = postgres_dsn(prepared)
    process = Process(dsn)
    assert await process.run("ops", "shout", "a", "--b") == 0
    assert json.loads(process.output) == {"shout": ["A", "--B"]}
    process = Process(dsn)
    assert await process.run("ops", "lag") == 0
    assert json.loads(process.output)["relay"]["unpublished"] == 0


async def test_ops_tells_what_is_wrong_by_a_code(postgres_dsn: Any) -> None:
    dsn = postgres_dsn()
    for address, arguments, code, error in (
        (dsn, ("dance",), 2, "dance"),
        (dsn, ("lag",), 1, "schema_behind"),
        ("postgresql:///x?host=/nowhere", ("lag",), 1, "store_unavailable"),
    ):
        process = Process(address)
        assert await process.run("ops", *arguments) == code
        assert error in json.loads(process.output)["error"]


async def test_a_migration_that_cannot_be_made_ends_with_1(postgres_dsn: Any) -> None:
    process = Process("postgresql:///x?host=/nowhere", profile="prod", subject_key=KEY)
    assert await process.run("migrate") == 1
    (line,) = process.lines()
    assert (line["event"], line["error_code"]) == ("not migrated", "OperationalError")

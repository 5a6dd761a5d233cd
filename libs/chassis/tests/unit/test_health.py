"""Ready, alive, started: what each depends on, and what it must never depend on."""

import asyncio
import time
from typing import Any

import pytest

from deskstream_chassis.health import BEAT_SECONDS, CHECK_SECONDS, Health
from deskstream_chassis.runtime import WorkerEnded, run_until_stopped


async def up() -> bool:
    return True


async def down() -> bool:
    raise ConnectionRefusedError


async def hangs() -> bool:
    await asyncio.Event().wait()
    return True


def health(role: Any = "api", **workers: dict[str, Any]) -> Health:
    made = Health(role, started=True, dependencies={"database": up})
    made.workers = {name: (lambda report=report: report) for name, report in workers.items()}
    return made


async def test_ready_needs_start_and_dependencies_and_ends_with_sigterm() -> None:
    one = health()
    assert (await one.ready())[0]
    one.started = False
    assert not (await one.ready())[0]
    one.started, one.stopping = True, True
    assert not (await one.ready())[0]


@pytest.mark.parametrize("check", [down, hangs])
async def test_a_dependency_that_fails_or_hangs_is_unready_but_alive(check: Any) -> None:
    one = health()
    one.dependencies["database"] = check
    began = time.monotonic()
    assert not (await one.ready())[0]
    assert (await one.alive())[0]
    assert time.monotonic() - began < CHECK_SECONDS + 1


async def test_a_worker_is_ready_with_its_partitions_an_api_without() -> None:
    waiting = {"assigned": False, "lag": 0, "position_age": 0.0}
    assert not (await health("worker", consumers=waiting).ready())[0]
    for role in ("api", "all"):
        assert (await health(role, consumers=waiting).ready())[0]


@pytest.mark.parametrize(
    ("report", "alive"),
    [
        ({"lag": 5, "position_age": 299}, True),
        ({"lag": 5, "position_age": 300}, False),
        ({"lag": 0, "position_age": 9999}, True),
        ({"lag": 1_000_000, "position_age": 0.1}, True),
        ({}, True),
    ],
)
async def test_a_worker_is_dead_when_it_stands_still_with_lag(
    report: dict[str, Any], alive: bool
) -> None:
    assert (await health("worker", consumers=report).alive())[0] is alive


async def test_standing_still_while_the_database_is_away_is_not_death() -> None:
    one = health("worker", consumers={"lag": 5, "position_age": 900})
    one.dependencies["database"] = down
    assert (await one.alive())[0]


async def test_a_loop_that_no_longer_beats_is_dead() -> None:
    one = health()
    one.beat = time.monotonic() - 60
    assert not (await one.alive())[0]
    beating = asyncio.create_task(one.keep_beating())
    await asyncio.sleep(BEAT_SECONDS + 0.2)
    assert (await one.alive())[0]
    beating.cancel()


async def good(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def ends(stopping: asyncio.Event) -> None:
    return


async def raises(stopping: asyncio.Event) -> None:
    raise KeyError("x")


async def deaf(stopping: asyncio.Event) -> None:
    await asyncio.Event().wait()


async def test_jobs_run_until_stopped() -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(run_until_stopped({"a": good, "b": good}, stopping))
    await asyncio.sleep(0)
    assert not running.done()
    stopping.set()
    await running


@pytest.mark.parametrize(("job", "error"), [(ends, WorkerEnded), (raises, KeyError)])
async def test_one_that_ends_stops_the_others_and_is_told(job: Any, error: Any) -> None:
    stopping = asyncio.Event()
    with pytest.raises(error):
        await run_until_stopped({"a": good, "b": job}, stopping)
    assert stopping.is_set()


async def test_one_that_does_not_hear_is_cancelled_in_time() -> None:
    stopping = asyncio.Event()
    stopping.set()
    await asyncio.wait_for(run_until_stopped({"a": deaf}, stopping, seconds=0.05), 2)

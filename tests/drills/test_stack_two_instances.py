"""Fault 27: one of two instances is told to end while both work."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from drills.mailing import process
from drills.record import Drill
from drills.site import Site
from drills.until import until

from deskstream_tools.local.processes import free_port

GRACE_SECONDS = 60.0
BATCH = 500


@dataclass
class Instance:
    """One process of ticketing, as its metrics show it."""

    api: int
    ops: int
    client: httpx.AsyncClient

    async def total(self, name: str) -> float:
        """The sum over all labels of a metric."""
        answer = await self.client.get(f"http://127.0.0.1:{self.ops}/metrics")
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)", answer.text, re.MULTILINE)
        return sum(float(value) for value in found)

    async def requests(self) -> float:
        """How many requests it answered."""
        return await self.total("http_server_request_duration_seconds_count")

    async def handled(self) -> float:
        """How many events its consumers took in."""
        return await self.total("event_end_to_end_seconds_count")

    async def ready(self) -> bool:
        """Whether it says so."""
        try:
            answer = await self.client.get(f"http://127.0.0.1:{self.ops}/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200


@asynccontextmanager
async def second(
    site: Site, folder: Path
) -> AsyncIterator[tuple[Instance, asyncio.subprocess.Process]]:
    """One more ticketing on the same store, known to the balancer."""
    made = Instance(free_port(), free_port(), site.client)
    ports = {"TICKETING_API_PORT": str(made.api), "TICKETING_OPS_PORT": str(made.ops)}
    environment = {**site.stack.env("ticketing"), **ports}
    async with process(folder / "second.log", environment, "ticketing", "all") as running:
        await until(made.ready, "the second instance to be ready", 60)
        site.balancer.ports.append(made.api)
        await site.balancer.cut()
        try:
            yield made, running
        finally:
            site.balancer.ports.remove(made.api)


@pytest.mark.fault(27)
@pytest.mark.timeout(300)
async def test_one_of_two_instances_leaves_under_load_and_nobody_notices(
    drill: Drill, site: Site, tmp_path: Path
) -> None:
    ports = site.stack.settings.ports
    stays = Instance(ports["ticketing-api"], ports["ticketing-ops"], site.client)
    before = await site.mark()
    async with second(site, tmp_path) as (leaves, running):
        known = await stays.total("inbox_duplicates_total")
        async with site.load(8) as book:

            async def both_work() -> bool:
                answered = min(await stays.requests(), await leaves.requests())
                return answered > 20 and await leaves.handled() > 10

            await until(both_work, "both to answer requests and to handle events", 60)
            await until(lambda: len(book.promises) > 60, "some load")
            shares = (await leaves.requests(), await leaves.handled())
            asked = len(book.promises)
            running.terminate()
            began = time.monotonic()
            status = await asyncio.wait_for(running.wait(), GRACE_SECONDS)
            drained = time.monotonic() - began
            await until(lambda: len(book.promises) > asked + 40, "the load to go on", 60)
        drill.saw(
            shares[0] > 20 and shares[1] > 10,
            f"SIGTERM of an instance that had answered {shares[0]:.0f} requests "
            f"and handled {shares[1]:.0f} events",
        )
        drill.kept(status == 0, f"drained in {drained:.1f} s, status {status}")
        again = await stays.total("inbox_duplicates_total") - known
        drill.kept(again <= BATCH, f"{again:.0f} redeliveries, of a batch of up to {BATCH}")
    tries = max(promise.tries for promise in book.promises)
    drill.kept(
        not book.given_up and tries <= 2,
        f"no command needed more than {tries} tries; {dict(book.refusals) or 'none refused'}",
    )
    found = await site.reckon(book, before)
    drill.kept(found.whole and not found.silent, str(found))

"""113: clients that vanish leave nothing behind at the gateway."""

import re
from pathlib import Path

import pytest
from drills.record import Drill
from drills.site import Site
from drills.until import until

from deskstream_tools.listening import Listener
from deskstream_tools.seats import seat

PEOPLE, WINDOWS = 20, 10
TOLERATED = 5
"""Descriptors more or fewer than before: connections of pools come and go."""


async def open_streams(site: Site) -> int:
    """As the gateway tells."""
    url = f"{site.stack.settings.url('gateway-ops')}/metrics"
    found = re.search(r"^sse_connections (\S+)", (await site.client.get(url)).text, re.MULTILINE)
    assert found is not None
    return int(float(found.group(1)))


def descriptors(site: Site) -> int:
    """How many the gateway's process has open."""
    return len(list(Path(f"/proc/{site.stack.pid('gateway')}/fd").iterdir()))


@pytest.mark.fault(113)
@pytest.mark.timeout(300)
async def test_two_hundred_resets_leave_no_stream_and_no_descriptor_behind(
    drill: Drill, site: Site
) -> None:
    tokens = await seat(site.stack.dsn("gateway"), [[] for _ in range(PEOPLE)], WINDOWS)
    port = site.stack.settings.ports["gateway-api"]

    async def listen(token: str) -> Listener:
        listener = await Listener.open(port, {"Cookie": f"__Host-sid={token}"})
        assert listener.status == 200
        await listener.block()
        return listener

    (await listen(tokens[0][0])).leave()
    await until(lambda: _none(site), "the first stream to be over")
    before = descriptors(site)
    listeners = [await listen(token) for his in tokens for token in his]
    there, held = await open_streams(site), descriptors(site)
    for listener in listeners:
        listener.reset()
    drill.saw(there == len(listeners), f"{there} streams reset, {held - before} descriptors")
    await until(lambda: _none(site), "every stream to be over", 10)
    drill.kept(await open_streams(site) == 0, "0 streams open")

    def back() -> bool:
        return abs(descriptors(site) - before) <= TOLERATED

    await until(back, "the descriptors to be given back", 10)
    drill.kept(back(), f"{descriptors(site)} descriptors after, {before} before")


async def _none(site: Site) -> bool:
    return await open_streams(site) == 0

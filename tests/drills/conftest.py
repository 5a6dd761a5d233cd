"""Fixtures of the drills: the record of what happened."""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from drills.place import Place, place
from drills.record import Drill, write
from drills.site import Site, standing

from deskstream_eventstore.testing import create_store
from deskstream_tools.testing import RUN, Fresh

OUT = Path(__file__).parents[2] / ".out"
_seen: list[Drill] = []


@pytest.fixture
def drill(request: pytest.FixtureRequest) -> Iterator[Drill]:
    """The record of this drill; its number comes from `@pytest.mark.fault(n)`."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "a drill names its fault"
    found = Drill(marker.args[0])
    _seen.append(found)
    yield found
    assert found.happened, "a drill must show that its fault happened"
    assert found.held, "a drill must check its invariant"


@pytest.fixture
async def fresh_place(
    postgres_dsn: Fresh, kafka_bootstrap: str
) -> AsyncIterator[Callable[[], Awaitable[Place]]]:
    """A factory of fresh stores with a fresh topic each, on the run's servers."""
    async with AsyncExitStack() as places:

        async def fresh() -> Place:
            dsn = postgres_dsn(create_store, name="store")
            return await places.enter_async_context(place(dsn, kafka_bootstrap))

        yield fresh


@pytest.fixture(scope="session")
async def site() -> AsyncIterator[Site]:
    """An installation of the drills' own, started at the first use; each drill heals it."""
    folder = Path(tempfile.mkdtemp(prefix="stack-site-", dir=os.environ[RUN]))
    async with standing(folder) as made:
        yield made


def pytest_sessionfinish() -> None:
    """Write the rows of this run."""
    if _seen:
        write(OUT / "drills.json", _seen)

"""Fixtures of the drills: the record of what happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from drills.record import Drill, write

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


def pytest_sessionfinish() -> None:
    """Write the rows of this run."""
    if _seen:
        write(OUT / "drills.json", _seen)

"""Each attack for a moment, so that none of them rots; `make fuzz` takes five minutes each."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fuzz.attacks import ATTACKS
from fuzz.front import front
from fuzz.hunting import hunt

MOMENT = 2.0


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop of the attack's own: Hypothesis calls it from where no loop runs."""
    with asyncio.Runner() as own:
        yield own


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_gives_way(name: str, runner: asyncio.Runner) -> None:
    told = hunt(lambda: ATTACKS[name](runner.run(front())), runner, MOMENT, lambda _: None)
    assert (told.finding, told.example) == (None, None)
    assert told.tried > 20


def test_what_gives_way_is_found_and_made_small(runner: asyncio.Runner) -> None:
    attack = ATTACKS["cookie"](runner.run(front()))

    async def weak(lines: list[bytes]) -> str | None:
        return "a percent sign" if any(b"%" in line for line in lines) else None

    told = hunt(lambda: replace(attack, trial=weak), runner, 30, lambda _: None)
    assert told.finding == "a percent sign"
    assert told.example is not None
    assert len(told.example) < 120

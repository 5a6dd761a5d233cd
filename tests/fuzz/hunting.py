"""One attack for a while; what gave way, made as small as it gets."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fuzz.attacks import Attack
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky

ROUND = 100
"""Examples between two looks at the clock."""
FRESH = 30.0
"""Seconds that an attack's own good proofs are used: an internal identity lives for 60."""


class GaveWay(Exception):
    """An example did what none may do."""


@dataclass(frozen=True)
class Hunt:
    """How one attack ended; `example` is what to repeat it with."""

    name: str
    tried: int
    seconds: float
    finding: str | None
    example: str | None


def hunt(
    make: Callable[[], Attack], runner: asyncio.Runner, seconds: float, tell: Callable[[str], None]
) -> Hunt:
    """Try until the time is over or something gave way. Raises AssertionError where not even the
    good example is let in: such an attack would notice nothing."""
    attack, began, tried = _able(make(), runner), time.monotonic(), 0
    made = began
    last: list[tuple[str, Any]] = []
    said = began

    def one(example: Any) -> None:
        nonlocal tried
        tried += 1
        try:
            finding = runner.run(attack.trial(example))
        except Exception as error:  # noqa: BLE001 - whatever escapes is a finding
            finding = f"raised {error!r}"
        if finding is not None:
            last.append((finding, example))
            raise GaveWay(finding)

    while not last and time.monotonic() - began < seconds:
        if time.monotonic() - made > FRESH:
            attack, made = _able(make(), runner), time.monotonic()
        bounded = settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        trial = bounded(seed(random.getrandbits(64))(given(attack.examples)(one)))
        try:
            trial()
        except (GaveWay, Flaky):
            assert last
        if time.monotonic() - said >= 10:
            said = time.monotonic()
            tell(f"{attack.name}: {tried} tried in {said - began:.0f} s")
    finding, example = last[-1] if last else (None, None)
    spent = round(time.monotonic() - began, 1)
    return Hunt(attack.name, tried, spent, finding, None if example is None else repr(example))


def _able(attack: Attack, runner: asyncio.Runner) -> Attack:
    assert runner.run(attack.admits(attack.good)), f"{attack.name}: the good one is refused"
    return attack

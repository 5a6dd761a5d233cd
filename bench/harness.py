"""Interleaved rounds, medians, gates, and `.out/bench.json`."""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

OUT = Path(__file__).parents[1] / ".out" / "bench.json"
ROUNDS = 5

Measure = Callable[[], Awaitable[float]]
"""One round of one side: a figure that is better when greater (rate) or when smaller (cost)."""


@dataclass(frozen=True)
class Result:
    """One figure with its gate (`>= 0.8`, `<= 12`)."""

    name: str
    value: float
    unit: str
    gate: str
    rounds: list[float]
    note: str = ""

    @property
    def held(self) -> bool:
        """Whether the gate is kept."""
        sign, bound = self.gate.split()
        return self.value >= float(bound) if sign == ">=" else self.value <= float(bound)


async def ratio(
    name: str, gate: str, ours: Measure, peer: Measure, *, rounds: int = ROUNDS, note: str = ""
) -> Result:
    """Median of ours/peer, round by round, the sides taking turns at going first."""
    values = []
    for n in range(rounds + 1):
        if n % 2:
            mine, other = await ours(), await peer()
        else:
            other, mine = await peer(), await ours()
        if n:  # the first round warms up both sides
            values.append(mine / other)
            print(f"  {name} round {n}: {mine:,.1f} / {other:,.1f} = {values[-1]:.3f}")
    return Result(name, round(statistics.median(values), 3), "ratio", gate, values, note)


async def rate(tasks: Sequence[Callable[[], Awaitable[None]]], count: int) -> float:
    """Units per second of several tasks that do `count` units together."""
    began = time.perf_counter()
    await asyncio.gather(*(task() for task in tasks))
    return count / (time.perf_counter() - began)


def write(results: Sequence[Result]) -> None:
    """Keep them by name, beside those of benchmarks that did not run now."""
    known = json.loads(OUT.read_text()) if OUT.exists() else {}
    for result in results:
        known[result.name] = {
            "value": result.value,
            "unit": result.unit,
            "gate": result.gate,
            "held": result.held,
            "rounds": [round(value, 4) for value in result.rounds],
            **({"note": result.note} if result.note else {}),
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")

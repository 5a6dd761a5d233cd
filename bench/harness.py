"""Interleaved rounds, medians, gates, and `.out/bench.json`."""

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / ".out" / "bench.json"
ROUNDS = 5
CHILD_SECONDS = 90

Measure = Callable[[], Awaitable[float]]
"""One round of one side: a figure that is better when greater (rate) or when smaller (cost)."""


def load() -> str:
    """How busy the machine was, for the note of a figure that suffers from it."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (5 min: {five:.1f}) on {os.cpu_count()} cores"


@dataclass(frozen=True)
class Result:
    """One figure with its gate (`>= 0.8`, `<= 12`)."""

    name: str
    value: float | None
    """None: not measured; the note says why."""
    unit: str
    gate: str
    rounds: list[float]
    note: str = ""
    limit: str = ""
    """What keeps it from a gate that it misses."""
    load: str = field(default_factory=load)
    """When it was measured."""

    @property
    def held(self) -> bool:
        """Whether the gate is kept."""
        if self.value is None:
            return False
        sign, bound = self.gate.split()
        return self.value >= float(bound) if sign == ">=" else self.value <= float(bound)


async def ratio(
    name: str,
    gate: str,
    ours: Measure,
    peer: Measure,
    *,
    rounds: int = ROUNDS,
    note: str = "",
    limit: str = "",
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
    return Result(name, round(statistics.median(values), 3), "ratio", gate, values, note, limit)


async def rate(tasks: Sequence[Callable[[], Awaitable[None]]], count: int) -> float:
    """Units per second of several tasks that do `count` units together."""
    began = time.perf_counter()
    await asyncio.gather(*(task() for task in tasks))
    return count / (time.perf_counter() - began)


async def child(module: str, *arguments: str, seconds: float = CHILD_SECONDS) -> float:
    """The figure that `python -m module …` prints: one side of a comparison in a process of its
    own. Raises RuntimeError where it fails or does not end in time."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        raise RuntimeError(f"{module} {arguments[0]} did not end in {seconds:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"{module} {arguments[0]} failed:\n{err.decode()[-2000:]}")
    return float(out.decode().split()[-1])


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
            "note": "; ".join(filter(None, _notes(result))),
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")


def _notes(result: Result) -> list[str]:
    missed = f"missed: {result.limit}" if result.limit and not result.held else ""
    return [result.note, missed, result.load]

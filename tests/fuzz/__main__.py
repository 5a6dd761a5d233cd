"""`python -m fuzz [--seconds N] [NAME …]`: attack each entry of the gate; exit 1 on a finding."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

from fuzz.attacks import ATTACKS, Attack
from fuzz.front import front
from fuzz.hunting import Hunt, hunt

OUT = Path(__file__).parents[2] / ".out"
FIVE_MINUTES = 300.0


def main() -> int:
    """Hunt, write `.out/fuzz.json`, keep what gave way in `.out/fuzz/NAME.txt`."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=FIVE_MINUTES, help="for each of them")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ATTACKS))
    args = parser.parse_args()
    if unknown := set(args.names) - set(ATTACKS):
        parser.error(f"no entry is called {', '.join(sorted(unknown))}")
    hunts = []
    with asyncio.Runner() as runner:
        for name in args.names or ATTACKS:
            hunts.append(hunt(partial(made, name, runner), runner, args.seconds, print))
            print(_line(hunts[-1]))
            write(hunts)
    return any(one.finding for one in hunts)


def made(name: str, runner: asyncio.Runner) -> Attack:
    """An attack with a gate of its own."""
    return ATTACKS[name](runner.run(front()))


def write(hunts: list[Hunt]) -> None:
    """The rows so far, and each finding with the example that repeats it."""
    OUT.mkdir(exist_ok=True)
    rows = [asdict(one) for one in hunts]
    (OUT / "fuzz.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for one in hunts:
        if one.finding is not None:
            kept = OUT / "fuzz" / f"{one.name}.txt"
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(f"{one.finding}\n{one.example}\n", encoding="utf-8")


def _line(one: Hunt) -> str:
    ended = "nothing gave way" if one.finding is None else f"{one.finding}: {one.example}"
    return f"{one.name}: {one.tried} tried in {one.seconds:.0f} s, {ended}"


if __name__ == "__main__":
    sys.exit(main())

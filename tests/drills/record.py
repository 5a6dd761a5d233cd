"""What each drill saw, gathered into `.out/drills.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from drills.faults import FAULTS


@dataclass
class Drill:
    """One drill's findings. `happened` must be set from evidence that the fault really occurred;
    `held` only after the invariant was checked; `bites` where the same fault was shown to do harm
    without our guard."""

    n: int
    fault: str = ""
    happened: bool = False
    held: bool = False
    bites: bool | None = None
    detail: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fault = FAULTS[self.n]

    def saw(self, evidence: object, text: str) -> None:
        """The fault occurred: `evidence` must be true."""
        assert evidence, f"the fault did not happen: {text}"
        self.happened = True
        self.detail.append(text)

    def kept(self, invariant: object, text: str) -> None:
        """The invariant holds; a later `kept` must hold as well."""
        self.held = bool(invariant)
        self.detail.append(text)
        assert invariant, f"fault {self.n}: {text}"

    def bit(self, harmed: object, text: str) -> None:
        """Without the guard the same fault does harm."""
        self.bites = bool(harmed)
        self.detail.append(text)
        assert harmed, f"fault {self.n} does no harm without the guard: {text}"


def merged(drills: Iterable[Drill]) -> list[dict[str, object]]:
    """One row per fault: all parts must have happened and held; any bite counts."""
    rows: dict[int, Drill] = {}
    for drill in drills:
        known = rows.get(drill.n)
        if known is None:
            rows[drill.n] = drill
            continue
        bites = [b for b in (known.bites, drill.bites) if b is not None]
        rows[drill.n] = Drill(
            drill.n,
            happened=known.happened and drill.happened,
            held=known.held and drill.held,
            bites=any(bites) if bites else None,
            detail=[*known.detail, *drill.detail],
        )
    return [{**asdict(row), "detail": "; ".join(row.detail)} for _, row in sorted(rows.items())]


def write(path: Path, drills: Iterable[Drill]) -> None:
    """Write the rows, keeping those of faults that this run did not touch."""
    fresh = merged(drills)
    numbers = {row["n"] for row in fresh}
    kept = []
    if path.exists():
        kept = [r for r in json.loads(path.read_text()) if r["n"] not in numbers]
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted([*kept, *fresh], key=lambda row: int(str(row["n"])))
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")

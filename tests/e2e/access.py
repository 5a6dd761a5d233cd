"""Who may ask what, written apart from the route table: the lines of `access.csv`.

Columns: `anonymous`, `viewer`, `agent`, `manager`, `admin`: what the one of that name gets; `key`:
the scopes of which one opens the row to an API key (`none`: no key does; `any`: proof is not asked
for); `foreign`: what an agent gets who may not see the row's ticket. `yes`: admitted.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

ROLES = ("viewer", "agent", "manager", "admin")


@dataclass(frozen=True)
class Line:
    """What is expected of one route."""

    method: str
    path: str
    owner: str
    anonymous: str
    viewer: str
    agent: str
    manager: str
    admin: str
    key: str
    foreign: str
    fresh: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def guarded(self) -> bool:
        """Asks for proof of who is asking."""
        return self.anonymous == "401"

    @property
    def about_a_ticket(self) -> bool:
        """Whether the owner decides for each ticket, beyond what the gate can know."""
        return bool(self.foreign)

    @property
    def scopes(self) -> list[str]:
        """Each of these alone opens it to a key."""
        return [] if self.key in ("none", "any") else self.key.split()


def expectations() -> list[Line]:
    """All lines, those of routes that nobody serves yet included."""
    with (Path(__file__).parent / "access.csv").open(newline="") as file:
        return [Line(**row) for row in csv.DictReader(file)]

"""docs/security.md says of public rows what the route table says."""

import re
from pathlib import Path

from gateway.interface.gate.routes import TABLE

DOCUMENT = Path(__file__).resolve().parents[4] / "docs" / "security.md"
NAMED = re.compile(r"`((?:GET|HEAD|POST|PUT|PATCH|DELETE) /[^`]*)`")


def listed() -> dict[str, str]:
    """Row → reason, from the table under "Public rows, and why"."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition("### Public rows, and why")[2].partition("\n## ")[0]
    found = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            _, rows, reason, _ = line.split("|")
            found |= {name: reason.strip() for name in NAMED.findall(rows)}
    return found


def test_it_lists_every_served_public_row_with_its_reason_and_no_other() -> None:
    public = {row.key: row.public_reason for row in TABLE if row.access.public and row.served}
    assert listed() == public

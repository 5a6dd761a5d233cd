"""Tickets from a CSV file (column `text`, optional `category`), or texts of our own."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_FIELD = 256 * 1024
OWN_TEXTS = (
    ("My order arrived with a leaking drum of isopropyl alcohol. What now?", "damage"),
    ("Which grade of citric acid is right for descaling a boiler?", "advice"),
    ("Please send the safety data sheet for sodium hypochlorite 12 %.", "sds"),
    ("The invoice shows hazmat fees twice.", "invoice"),
    ("Can you ship nitric acid to a residential address?", "shipping"),
    ("Wo bleibt meine Lieferung Glyzerin? Bestellung von letzter Woche.", "shipping"),
    ("I need a quote for 4 totes of ethylene glycol.", "quote"),
    ("Is your mineral oil food grade, and is there a certificate?", "advice"),
)


class BadFile(Exception):
    """The file as a whole cannot be read as such a CSV; the message says why."""


@dataclass(frozen=True)
class Row:
    """One ticket to open. `number` is the line of data, from 1."""

    number: int
    text: str
    category: str | None

    @property
    def recipient(self) -> str:
        """Who is acknowledged."""
        return f"row-{self.number}@demo.test"


@dataclass
class Rows:
    """The good rows, and the bad ones with their reasons."""

    good: list[Row] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)


def own_rows() -> Rows:
    """The built-in texts."""
    return Rows([Row(n, text, tag) for n, (text, tag) in enumerate(OWN_TEXTS, start=1)])


def read_rows(path: Path) -> Rows:
    """Read a file. Bad rows are kept with number and reason. Raises BadFile."""
    csv.field_size_limit(LONGEST_FIELD * 4)
    rows = Rows()
    try:
        with path.open(encoding="utf-8-sig", newline="", errors="surrogateescape") as lines:
            reader = csv.DictReader(lines, strict=True)
            if "text" not in (reader.fieldnames or ()):
                raise BadFile(f"{path}: the first line must name a column `text`")
            number = 0
            while True:
                number += 1
                try:
                    record = next(reader)
                except StopIteration:
                    return rows
                except csv.Error as error:
                    rows.bad.append((number, f"not readable as CSV: {error}"))
                    continue
                _sort(rows, number, record)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror}") from error


def _sort(rows: Rows, number: int, record: dict[str | None, str | list[str] | None]) -> None:
    text, category = record.get("text"), record.get("category")
    if None in record:
        rows.bad.append((number, "more fields than columns"))
    elif not isinstance(text, str) or not text.strip():
        rows.bad.append((number, "`text` is empty"))
    elif any("\udc80" <= character <= "\udcff" for character in text):
        rows.bad.append((number, "`text` is not UTF-8"))
    elif "\0" in text:
        rows.bad.append((number, "`text` holds a NUL"))
    elif len(text.encode()) > LONGEST_FIELD:
        rows.bad.append((number, "`text` is longer than 256 KiB"))
    else:
        rows.good.append(Row(number, text, category if isinstance(category, str) else None))

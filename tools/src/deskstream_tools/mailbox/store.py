"""Mails in a folder: one file each, and an index that is read once and kept in memory."""

import email
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.message import EmailMessage
from email.policy import EmailPolicy
from pathlib import Path
from typing import Any, TypedDict


class Lenient(EmailPolicy):
    """A header that the standard library's parser trips over is shown as it came."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """The parsed header, or its text."""
        try:
            return super().header_fetch_parse(name, value)
        except (HeaderParseError, IndexError, ValueError):
            return str(value)


LENIENT = Lenient()


class Row(TypedDict):
    """What the lists show of a mail; `to` are the envelope's recipients."""

    id: str
    received_at: str
    to: list[str]
    subject: str
    message_id: str
    headers: dict[str, str]


class Store:
    """The mails of one folder. They survive the process, not necessarily the machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._rows: list[Row] = []
        self._json: list[str] = []
        self._of_message: dict[str, list[str]] = defaultdict(list)
        self._read_index()
        self._index = (folder / "index.jsonl").open("a", encoding="utf-8")

    def keep(self, recipients: Sequence[str], content: bytes) -> Row:
        """Write one mail: first the file, then its line in the index."""
        parsed = email.message_from_bytes(content, policy=LENIENT)
        number = f"{len(self._rows) + 1:06d}"
        row: Row = {
            "id": number,
            "received_at": _instant(datetime.now(UTC)),
            "to": list(recipients),
            "subject": str(parsed.get("Subject", "")),
            "message_id": str(parsed.get("Message-ID", "")).strip(),
            "headers": {name: str(value) for name, value in parsed.items()},
        }
        (self._folder / f"{number}.eml").write_bytes(content)
        line = json.dumps({**row, "from": row["headers"].get("From", "")}, ensure_ascii=False)
        self._index.write(line + "\n")
        self._index.flush()
        self._add(row, line)
        return row

    def count(self) -> int:
        """How many mails were accepted."""
        return len(self._rows)

    def message_ids(self) -> dict[str, int]:
        """How often each Message-ID was accepted."""
        return {message: len(numbers) for message, numbers in self._of_message.items()}

    def listed(
        self, to: str | None = None, since: str | None = None, message_id: str | None = None
    ) -> str:
        """A JSON document `{"items": […]}`, oldest first; encoded once per mail, not per call."""
        chosen = self._chosen(to, since, message_id)
        return '{"items": [' + ",".join(self._json[n] for n in chosen) + "]}"

    def newest(self, to: str | None, limit: int) -> list[Row]:
        """The newest mails, for the page."""
        return [self._rows[n] for n in reversed(list(self._chosen(to, None, None)))][:limit]

    def raw(self, number: str) -> bytes | None:
        """The bytes as they came; None where there is no such mail."""
        if not number.isdigit():
            return None
        path = self._folder / f"{number}.eml"
        return path.read_bytes() if path.exists() else None

    def parsed(self, number: str) -> EmailMessage | None:
        """The mail itself; None where there is no such mail."""
        content = self.raw(number)
        if content is None:
            return None
        found = email.message_from_bytes(content, policy=LENIENT)
        assert isinstance(found, EmailMessage)
        return found

    def _chosen(self, to: str | None, since: str | None, message_id: str | None) -> Iterator[int]:
        wanted = to.strip().casefold() if to else None
        since = _instant(datetime.fromisoformat(since)) if since else None
        if message_id is not None:
            yield from (int(n) - 1 for n in self._of_message.get(message_id.strip(), []))
            return
        for index, row in enumerate(self._rows):
            if since and row["received_at"] < since:
                continue
            if wanted is None or any(a.casefold() == wanted for a in row["to"]):
                yield index

    def _read_index(self) -> None:
        path = self._folder / "index.jsonl"
        if not path.exists():
            return
        whole = path.read_bytes()
        end = whole.rfind(b"\n") + 1  # a line cut off by a crash was never acknowledged
        if end < len(whole):
            path.write_bytes(whole[:end])
        for line in whole[:end].decode("utf-8").splitlines():
            self._add(json.loads(line), line)

    def _add(self, row: Row, line: str) -> None:
        self._rows.append(row)
        self._json.append(line)
        self._of_message[row["message_id"]].append(row["id"])


def _instant(at: datetime) -> str:
    """UTC to the microsecond: as text it sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

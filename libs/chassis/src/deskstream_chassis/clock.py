"""Application time: what events carry and what timers compare. Always an argument, never global."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Tells the application's time."""

    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved on by the seconds that stand in `offset_file`.

    The file is read at each call, so a running stack can be sent into the future; a missing or
    empty file means no offset. Settings refuse an offset file outside profile `test`.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file

    def now(self) -> datetime:
        """Aware, in UTC. Raises ValueError if the offset file holds anything but a number."""
        return datetime.now(UTC) + self._offset()

    def _offset(self) -> timedelta:
        if self._offset_file is None:
            return timedelta(0)
        try:
            text = self._offset_file.read_text().strip()
        except FileNotFoundError:
            return timedelta(0)
        return timedelta(seconds=float(text or 0))


class FixedClock:
    """A clock that stands still until it is moved: for tests."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a naive time is not an instant")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The time that was set."""
        return self._at

    def advance(self, **by: float) -> None:
        """Move on: keywords of timedelta (`hours=3`)."""
        self._at += timedelta(**by)

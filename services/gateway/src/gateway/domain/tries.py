"""Sign-ins that failed: how long an account is closed to strangers, never for good (02 §3)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FREE = 4
"""Failures in a row that close nothing."""
LONGEST = timedelta(minutes=15)
FORGOTTEN = timedelta(hours=24)
"""So long after the last failure the count starts again."""


def closed_for(failures: int) -> timedelta:
    """A second after the fifth failure in a row, doubled by each further one up to `LONGEST`."""
    beyond = failures - FREE
    if beyond <= 0:
        return timedelta(0)
    return min(LONGEST, timedelta(seconds=1 << min(beyond - 1, 10)))


@dataclass(frozen=True)
class Tries:
    """Failures in a row at one account, since the last success of a stranger."""

    failures: int = 0
    last_at: datetime | None = None

    @property
    def closes(self) -> bool:
        """Whether the last failure closed the account for a while."""
        return self.failures > FREE

    def wait(self, now: datetime) -> timedelta:
        """How long nobody but a known device may try."""
        if self.last_at is None:
            return timedelta(0)
        return max(timedelta(0), self.last_at + closed_for(self.failures) - now)

    def one_more(self, now: datetime) -> "Tries":
        """A try begins: it counts as failed until it has succeeded, so that tries at the same time
        cannot slip past each other."""
        if self.last_at is None or now - self.last_at >= FORGOTTEN:
            return Tries(1, now)
        return replace(self, failures=self.failures + 1, last_at=now)

"""A breaker: after repeated failures nobody waits for a service that does not answer."""

import time
from collections.abc import Callable

FAILURES = 5
OPEN_SECONDS = 1.0


class Breaker:
    """Opens after `FAILURES` failures in a row, for `OPEN_SECONDS`; then one request may try.

    A success closes it. Short on purpose: a service that restarts is back for everybody within a
    second of its first answer.
    """

    def __init__(
        self,
        failures: int = FAILURES,
        seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = failures
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._closed_again = 0.0

    def admits(self) -> bool:
        """Whether a request may be sent; of those that wait for the breaker only one is let out."""
        if self._failures < self._allowed:
            return True
        now = self._clock()
        if now < self._closed_again:
            return False
        self._closed_again = now + self._seconds
        return True

    def succeeded(self) -> None:
        """The service answered, whatever it said."""
        self._failures = 0

    def failed(self) -> None:
        """The service did not answer."""
        self._failures += 1
        if self._failures >= self._allowed:
            self._closed_again = self._clock() + self._seconds

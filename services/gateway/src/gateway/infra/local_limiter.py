"""Limits counted in this process."""

import time
from collections.abc import Callable

from gateway.domain.quota import Quota, Verdict, weigh

_SWEEP_ABOVE = 20_000


class LocalLimiter:
    """See application/limiter.py. Exact under concurrency: one call is one step of the event loop.

    Where `replicas` processes count side by side, each allows its part only.
    """

    def __init__(self, replicas: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas, self._clock = replicas, clock
        self._full_at: dict[tuple[str, str], float] = {}

    async def hit(self, quota: Quota, key: str) -> Verdict:
        """See the port."""
        slot, now = (quota.name, key), self._clock()
        if self._replicas > 1:
            quota = quota.shared_by(self._replicas)
        verdict, full_at = weigh(quota, self._full_at.get(slot, now), now)
        if verdict.allowed:
            if len(self._full_at) >= _SWEEP_ABOVE and slot not in self._full_at:
                self._full_at = {slot: at for slot, at in self._full_at.items() if at > now}
            self._full_at[slot] = full_at
        return verdict

    async def peek(self, quota: Quota, key: str) -> Verdict:
        """See the port."""
        now = self._clock()
        full_at = self._full_at.get((quota.name, key), now)
        return weigh(quota.shared_by(self._replicas), full_at, now)[0]

    async def close(self) -> None:
        """Nothing is held."""

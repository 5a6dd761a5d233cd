"""Counting how often something is done, by this process or by all of them together."""

from typing import Protocol

from gateway.domain.quota import Quota, Verdict


class Limiter(Protocol):
    """One bucket per quota's name and key. Exact under concurrency; never raises, never open."""

    async def hit(self, quota: Quota, key: str) -> Verdict:
        """Take one from the bucket of `key`; a refused request takes nothing."""

    async def peek(self, quota: Quota, key: str) -> Verdict:
        """What `hit` would say, without taking."""

    async def close(self) -> None:
        """Let go of what it holds."""

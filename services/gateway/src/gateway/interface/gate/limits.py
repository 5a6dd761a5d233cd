"""How often: GCRA in the process, one bucket per class and key (design 02 §4)."""

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deskstream_chassis.http.problem import Problem
from gateway.domain.text import fold_email
from gateway.interface.gate.rows import Rate

_SWEEP_ABOVE = 20_000


@dataclass(frozen=True, slots=True)
class Quota:
    """`rate` requests per `window` seconds in the long run, `burst` of them at once."""

    name: str
    rate: int
    window: int
    burst: int
    policy: bytes = field(init=False)
    """The value of `RateLimit-Policy`."""

    def __post_init__(self) -> None:
        text = f'"{self.name}";q={self.rate};w={self.window}'
        object.__setattr__(self, "policy", text.encode())


QUOTAS: dict[Rate, Quota] = {
    "auth": Quota("auth", 10, 60, 5),
    "public-limited": Quota("public-limited", 20, 60, 5),
    "api": Quota("api", 600, 60, 100),
    "admin": Quota("admin", 60, 60, 20),
    "rag": Quota("rag", 30, 60, 10),
    "email": Quota("email", 20, 3600, 5),
    "webhook": Quota("webhook", 600, 60, 200),
}
"""`none` has no quota. `email` counts per principal here and per recipient where it is known."""

BY_ADDRESS: frozenset[Rate] = frozenset({"auth", "public-limited"})
"""Classes that count a client's address, whoever is signed in there."""

AT_ONCE: dict[Rate, int] = {"rag": 4}
"""Classes that also limit how many requests of one principal are open."""


def quota_of_key(rate_per_minute: int) -> Quota:
    """A key's own rate, with a burst in the proportion of the class `api`."""
    return Quota("key", rate_per_minute, 60, max(1, rate_per_minute // 6))


@dataclass(slots=True)
class Verdict:
    """`allowed`; `remaining` requests at once after this one; `retry_after` whole seconds until the
    next is allowed (0 if it was); `reset` seconds until the bucket is full again."""

    quota: Quota
    allowed: bool
    remaining: int
    retry_after: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """`RateLimit-Policy`, `RateLimit` and, when refused, `Retry-After`."""
        quota = self.quota
        found = [
            (b"ratelimit-policy", quota.policy),
            (b"ratelimit", f'"{quota.name}";r={self.remaining};t={self.reset}'.encode()),
        ]
        if not self.allowed:
            found.append((b"retry-after", str(self.retry_after).encode()))
        return found


class Limiter:
    """Counts in this process. Exact under concurrency: one call is one step of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._arrivals: dict[tuple[str, str], float] = {}

    def hit(self, quota: Quota, key: str) -> Verdict:
        """Take one from the bucket of `key`; a refused request takes nothing."""
        return self._count(quota, key, take=True)

    def peek(self, quota: Quota, key: str) -> Verdict:
        """What `hit` would say, without taking."""
        return self._count(quota, key, take=False)

    def _count(self, quota: Quota, key: str, *, take: bool) -> Verdict:
        now = self._clock()
        interval = quota.window / quota.rate
        slot = (quota.name, key)
        arrival = max(self._arrivals.get(slot, now), now)
        free = now + quota.burst * interval - (arrival + interval)
        if free < -1e-9:
            full = math.ceil(arrival - now)
            return Verdict(quota, False, 0, max(1, math.ceil(-free)), full)
        arrival += interval
        if take:
            if len(self._arrivals) >= _SWEEP_ABOVE and slot not in self._arrivals:
                self._sweep(now)
            self._arrivals[slot] = arrival
        return Verdict(quota, True, int(free / interval + 1e-9), 0, math.ceil(arrival - now))

    def _sweep(self, now: float) -> None:
        self._arrivals = {slot: at for slot, at in self._arrivals.items() if at > now}


class AccountLimit:
    """The class `auth` once more, per account, known or not: many addresses do not help a guesser.

    Keeps hashes only."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    def take(self, email: str) -> None:
        """Count one try for this account. Raises Problem 429."""
        key = hashlib.blake2b(fold_email(email).encode(), digest_size=16).hexdigest()
        verdict = self._limiter.hit(QUOTAS["auth"], f"account:{key}")
        if not verdict.allowed:
            retry = {"Retry-After": str(verdict.retry_after)}
            raise Problem(429, "rate_limited", headers=retry)


class Concurrency:
    """How many requests of one principal are open in a class."""

    def __init__(self) -> None:
        self._open: dict[tuple[Rate, str], int] = {}

    def enter(self, rate: Rate, key: str) -> bool:
        """Whether one more may begin; then `leave` is owed."""
        now = self._open.get((rate, key), 0)
        if now >= AT_ONCE[rate]:
            return False
        self._open[rate, key] = now + 1
        return True

    def leave(self, rate: Rate, key: str) -> None:
        """The request is over."""
        now = self._open[rate, key] - 1
        if now:
            self._open[rate, key] = now
        else:
            del self._open[rate, key]

"""How often: the classes of the route table, and what an answer says about them (design 02 §4)."""

import hashlib

from deskstream_chassis.http.problem import Problem
from gateway.application.limiter import Limiter
from gateway.domain.quota import Quota, Verdict
from gateway.domain.text import fold_email
from gateway.interface.gate.rows import Rate

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

AT_ONCE: dict[Rate, int] = {"rag": 4}
"""Classes that also limit how many requests of one principal are open."""


def quota_of_key(rate_per_minute: int) -> Quota:
    """A key's own rate, with a burst in the proportion of the class `api`."""
    return Quota("key", rate_per_minute, 60, max(1, rate_per_minute // 6))


def address_key(address: str) -> str:
    """The bucket of somebody of whom only the address is known."""
    return "address:" + address


def limit_headers(verdict: Verdict) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy`, `RateLimit` and, when refused, `Retry-After`."""
    quota = verdict.quota
    found = [
        (b"ratelimit-policy", f'"{quota.name}";q={quota.rate};w={quota.window}'.encode()),
        (b"ratelimit", f'"{quota.name}";r={verdict.remaining};t={verdict.reset}'.encode()),
    ]
    if not verdict.allowed:
        found.append((b"retry-after", str(verdict.retry_after).encode()))
    return found


class AccountLimit:
    """The class `auth` once more, per account, known or not: many addresses do not help a guesser.

    Keeps hashes only."""

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter

    async def take(self, email: str) -> None:
        """Count one try for this account. Raises Problem 429."""
        key = hashlib.blake2b(fold_email(email).encode(), digest_size=16).hexdigest()
        await self._take(f"account:{key}")

    async def take_address(self, address: str) -> None:
        """Count one try of this address, whose device turned out to be a stranger's after the gate
        had counted the device. Raises Problem 429."""
        await self._take(address_key(address))

    async def _take(self, key: str) -> None:
        verdict = await self._limiter.hit(QUOTAS["auth"], key)
        if not verdict.allowed:
            raise refusal(verdict)


def refusal(verdict: Verdict) -> Problem:
    """429 from behind the gate; the headers go before those of the gate's own count."""
    told = {name.decode(): value.decode() for name, value in limit_headers(verdict)}
    return Problem(429, "rate_limited", headers=told)


def closed_account(seconds: int) -> Problem:
    """429 while an account is closed to strangers after too many failures."""
    return refusal(Verdict(QUOTAS["auth"], False, 0, seconds, seconds))


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

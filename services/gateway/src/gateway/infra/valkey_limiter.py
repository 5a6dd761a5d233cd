"""Limits that all gateways count together, in Valkey."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import valkey.asyncio as valkey
from valkey.asyncio.retry import Retry
from valkey.backoff import NoBackoff
from valkey.exceptions import NoScriptError, ValkeyError

from deskstream_chassis.logs import log
from gateway.application.limiter import Limiter
from gateway.domain.quota import Quota, Verdict, weigh
from gateway.infra.breaker import Breaker
from gateway.infra.local_limiter import LocalLimiter

BUDGET = 0.05
"""Seconds that a round trip to Valkey takes at most, connecting included."""
FAILURES = 3

_GCRA = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst, take = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
if take and burst * interval - (full_at - now) - interval >= -1 then
  local later = full_at + interval
  redis.call('SET', KEYS[1], string.format('%.3f', later), 'PX', math.ceil((later - now) / 1000))
end
return string.format('%.3f', full_at - now)
"""
"""The rule of `weigh`, in one atomic step by Valkey's own clock: microseconds until the bucket was
full before this request. A key is gone once its bucket is full again."""
_DIGEST = hashlib.sha1(_GCRA.encode(), usedforsecurity=False).hexdigest()


def limiter_of(url: str | None, pepper: bytes, replicas: int) -> Limiter:
    """Together in Valkey where there is one; else, and while it is away, in parts."""
    alone = LocalLimiter(replicas)
    return alone if url is None else ValkeyLimiter(url, pepper, alone)


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    interval: str
    burst: int
    take: int
    answer: "asyncio.Future[float | None]"


class ValkeyLimiter:
    """See application/limiter.py. Its keys are keyed hashes: Valkey learns no address and no id.

    What is asked while Valkey answers is asked together afterwards, in one round trip over one
    connection. Where it does not answer within `budget`, `alone` counts; after `FAILURES` in a row
    nobody waits any more, and one request a second finds out when Valkey is back.
    """

    def __init__(self, url: str, pepper: bytes, alone: Limiter, *, budget: float = BUDGET) -> None:
        self._client = valkey.Valkey.from_url(
            url, retry=Retry(NoBackoff(), 0), lib_name=None, lib_version=None
        )
        self._pepper, self._alone, self._budget = pepper, alone, budget
        self._breaker = Breaker(failures=FAILURES)
        self._away = False
        self._waiting: list[_Asked] = []
        self._sending: asyncio.Task[None] | None = None

    async def hit(self, quota: Quota, key: str) -> Verdict:
        """See the port."""
        wait = await self._ask(quota, key, take=True)
        if wait is None:
            return await self._alone.hit(quota, key)
        return weigh(quota, wait, 0.0)[0]

    async def peek(self, quota: Quota, key: str) -> Verdict:
        """See the port."""
        wait = await self._ask(quota, key, take=False)
        if wait is None:
            return await self._alone.peek(quota, key)
        return weigh(quota, wait, 0.0)[0]

    async def close(self) -> None:
        """Ends the connection, once what was asked is answered."""
        if self._sending is not None:
            await self._sending
        await self._client.aclose()

    async def _ask(self, quota: Quota, key: str, *, take: bool) -> float | None:
        """Seconds until the bucket was full before this request; None where Valkey is away."""
        if self._sending is None and not self._breaker.admits():
            return None
        named = f"{quota.name}\0{key}".encode()
        name = "limit:" + hashlib.blake2b(named, key=self._pepper, digest_size=16).hexdigest()
        answer: asyncio.Future[float | None] = asyncio.get_running_loop().create_future()
        interval = repr(quota.interval * 1e6)
        self._waiting.append(_Asked(name, interval, quota.burst, int(take), answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return await answer

    async def _send(self) -> None:
        """Until nobody waits; whoever waits when Valkey does not answer, or when this fails, is
        told so at once."""
        asked: list[_Asked] = []
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                found = await self._round_trip(asked)
                if found is None:
                    asked, self._waiting = asked + self._waiting, []
                    found = [None] * len(asked)
                for one, wait in zip(asked, found, strict=True):
                    if not one.answer.done():
                        one.answer.set_result(wait)
        finally:
            self._sending = None
            for one in asked + self._waiting:
                if not one.answer.done():
                    one.answer.set_result(None)
            self._waiting = []

    async def _round_trip(self, asked: Sequence[_Asked]) -> list[float | None] | None:
        """The answers in order; None where Valkey is away."""
        try:
            async with asyncio.timeout(self._budget):
                try:
                    told = await self._evaluate(asked)
                except NoScriptError:  # a Valkey that has just started
                    await self._client.script_load(_GCRA)
                    told = await self._evaluate(asked)
                found: list[float | None] = [float(one) / 1e6 for one in told]
        except (ValkeyError, OSError, ValueError, TimeoutError) as error:
            self._breaker.failed()
            self._tell(away=True, code=type(error).__name__)
            return None
        self._breaker.succeeded()
        self._tell(away=False)
        return found

    async def _evaluate(self, asked: Sequence[_Asked]) -> list[bytes]:
        """Raises NoScriptError, having counted nothing."""
        pipe = self._client.pipeline(transaction=False)
        for one in asked:
            pipe.evalsha(_DIGEST, 1, one.name, one.interval, one.burst, one.take)
        found: list[bytes] = await pipe.execute()
        return found

    def _tell(self, *, away: bool, code: str | None = None) -> None:
        if away != self._away:
            self._away = away
            if away:
                log.warning("limits are counted alone", error_code=code)
            else:
                log.info("limits are counted together")

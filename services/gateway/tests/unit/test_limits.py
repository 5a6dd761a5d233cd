"""GCRA: the burst, then the rate, exactly."""

from gateway.domain.quota import Quota
from gateway.infra.local_limiter import LocalLimiter
from gateway.interface.gate.limits import (
    AT_ONCE,
    QUOTAS,
    Concurrency,
    limit_headers,
    quota_of_key,
)


class Ticks:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_classes_are_those_of_the_design() -> None:
    told = {name: (q.rate, q.window, q.burst) for name, q in QUOTAS.items()}
    assert told == {
        "auth": (10, 60, 5),
        "public-limited": (20, 60, 5),
        "api": (600, 60, 100),
        "admin": (60, 60, 20),
        "rag": (30, 60, 10),
        "email": (20, 3600, 5),
        "webhook": (600, 60, 200),
    }


async def test_the_burst_passes_at_once_and_not_one_more() -> None:
    for quota in QUOTAS.values():
        limiter = LocalLimiter(clock=Ticks())
        verdicts = [await limiter.hit(quota, "a") for _ in range(quota.burst + 3)]
        assert [v.allowed for v in verdicts] == [True] * quota.burst + [False] * 3
        assert [v.remaining for v in verdicts[: quota.burst]] == list(range(quota.burst))[::-1]


async def test_after_the_burst_the_rate_holds() -> None:
    ticks, quota = Ticks(), QUOTAS["auth"]
    limiter = LocalLimiter(clock=ticks)
    passed = 0
    for _ in range(600):  # ten a second for a minute
        passed += (await limiter.hit(quota, "a")).allowed
        ticks.now += 0.1
    assert passed == quota.burst + 9


async def test_a_refused_request_learns_when_to_come_back_and_then_passes() -> None:
    ticks, quota = Ticks(), QUOTAS["auth"]
    limiter = LocalLimiter(clock=ticks)
    for _ in range(quota.burst):
        await limiter.hit(quota, "a")
    refused = await limiter.hit(quota, "a")
    assert (refused.allowed, refused.retry_after) == (False, 6)
    assert dict(limit_headers(refused))[b"retry-after"] == b"6"
    ticks.now += refused.retry_after
    assert (await limiter.hit(quota, "a")).allowed


async def test_keys_and_classes_do_not_share_a_bucket() -> None:
    limiter, quota = LocalLimiter(clock=Ticks()), Quota("api", 1, 60, 1)
    assert (await limiter.hit(quota, "a")).allowed
    assert (await limiter.hit(quota, "b")).allowed
    assert (await limiter.hit(Quota("admin", 1, 60, 1), "a")).allowed
    assert not (await limiter.hit(quota, "a")).allowed


async def test_peeking_takes_nothing() -> None:
    limiter, quota = LocalLimiter(clock=Ticks()), Quota("api", 1, 60, 1)
    assert (await limiter.peek(quota, "a")).allowed
    assert (await limiter.hit(quota, "a")).allowed
    assert not (await limiter.peek(quota, "a")).allowed


async def test_headers_say_policy_remaining_and_reset() -> None:
    verdict = await LocalLimiter(clock=Ticks()).hit(QUOTAS["api"], "a")
    headers = dict(limit_headers(verdict))
    assert headers == {b"ratelimit-policy": b'"api";q=600;w=60', b"ratelimit": b'"api";r=99;t=1'}


async def test_full_buckets_are_forgotten_when_there_are_too_many() -> None:
    ticks = Ticks()
    limiter, quota = LocalLimiter(clock=ticks), QUOTAS["api"]
    for n in range(20_000):
        await limiter.hit(quota, str(n))
    ticks.now += 60
    await limiter.hit(quota, "one more")
    assert len(limiter._full_at) == 1


def test_a_keys_own_rate_has_a_burst_in_proportion() -> None:
    assert quota_of_key(6000).burst == 1000
    assert quota_of_key(1).burst == 1


def test_only_so_many_are_open_at_once() -> None:
    few = Concurrency()
    entered = [few.enter("rag", "a") for _ in range(AT_ONCE["rag"] + 1)]
    assert entered == [True] * 4 + [False]
    few.leave("rag", "a")
    assert few.enter("rag", "a")
    assert few.enter("rag", "b")


def test_replicas_that_cannot_count_together_allow_their_part_each() -> None:
    quota = QUOTAS["auth"]
    part = quota.shared_by(3)
    assert (part.rate, part.window, part.burst) == (10, 180, 1)
    assert quota.shared_by(1) is quota
    assert 3 * part.burst <= quota.burst


async def test_a_local_limiter_of_two_replicas_allows_half() -> None:
    ticks, quota = Ticks(), QUOTAS["api"]
    limiter = LocalLimiter(replicas=2, clock=ticks)
    passed = [(await limiter.hit(quota, "a")).allowed for _ in range(60)]
    assert sum(passed) == 50
    ticks.now += 1.0
    assert sum([(await limiter.hit(quota, "a")).allowed for _ in range(60)]) == 5

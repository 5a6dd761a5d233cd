"""GCRA: the burst, then the rate, exactly."""

from gateway.interface.gate.limits import (
    AT_ONCE,
    QUOTAS,
    Concurrency,
    Limiter,
    Quota,
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


def test_the_burst_passes_at_once_and_not_one_more() -> None:
    for quota in QUOTAS.values():
        limiter = Limiter(Ticks())
        verdicts = [limiter.hit(quota, "a") for _ in range(quota.burst + 3)]
        assert [v.allowed for v in verdicts] == [True] * quota.burst + [False] * 3
        assert [v.remaining for v in verdicts[: quota.burst]] == list(range(quota.burst))[::-1]


def test_after_the_burst_the_rate_holds() -> None:
    ticks, quota = Ticks(), QUOTAS["auth"]
    limiter = Limiter(ticks)
    passed = 0
    for _ in range(600):  # ten a second for a minute
        passed += limiter.hit(quota, "a").allowed
        ticks.now += 0.1
    assert passed == quota.burst + 9


def test_a_refused_request_learns_when_to_come_back_and_then_passes() -> None:
    ticks, quota = Ticks(), QUOTAS["auth"]
    limiter = Limiter(ticks)
    for _ in range(quota.burst):
        limiter.hit(quota, "a")
    refused = limiter.hit(quota, "a")
    assert (refused.allowed, refused.retry_after) == (False, 6)
    assert dict(refused.headers())[b"retry-after"] == b"6"
    ticks.now += refused.retry_after
    assert limiter.hit(quota, "a").allowed


def test_keys_and_classes_do_not_share_a_bucket() -> None:
    limiter, quota = Limiter(Ticks()), Quota("api", 1, 60, 1)
    assert limiter.hit(quota, "a").allowed
    assert limiter.hit(quota, "b").allowed
    assert limiter.hit(Quota("admin", 1, 60, 1), "a").allowed
    assert not limiter.hit(quota, "a").allowed


def test_peeking_takes_nothing() -> None:
    limiter, quota = Limiter(Ticks()), Quota("api", 1, 60, 1)
    assert limiter.peek(quota, "a").allowed
    assert limiter.hit(quota, "a").allowed
    assert not limiter.peek(quota, "a").allowed


def test_headers_say_policy_remaining_and_reset() -> None:
    headers = dict(Limiter(Ticks()).hit(QUOTAS["api"], "a").headers())
    assert headers == {b"ratelimit-policy": b'"api";q=600;w=60', b"ratelimit": b'"api";r=99;t=1'}


def test_full_buckets_are_forgotten_when_there_are_too_many() -> None:
    ticks = Ticks()
    limiter, quota = Limiter(ticks), QUOTAS["api"]
    for n in range(20_000):
        limiter.hit(quota, str(n))
    ticks.now += 60
    limiter.hit(quota, "one more")
    assert len(limiter._arrivals) == 1


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

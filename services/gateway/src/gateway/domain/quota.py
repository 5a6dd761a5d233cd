"""How often: the generic cell rate algorithm (GCRA), as a rule over times that are passed in.

A bucket is one instant: when it will be full again if nothing more is taken. Each request moves it
on by the time in which one is refilled.
"""

import math
from dataclasses import dataclass

_ROUNDING = 1e-6
"""Instants are floats, and travel to a shared store as microseconds."""


@dataclass(frozen=True, slots=True)
class Quota:
    """`rate` requests per `window` seconds in the long run, `burst` of them at once."""

    name: str
    rate: int
    window: int
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which one request is refilled."""
        return self.window / self.rate

    def shared_by(self, replicas: int) -> "Quota":
        """What one of so many processes may allow when they cannot count together: all of them
        never allow more than this quota, but a burst of one each."""
        if replicas == 1:
            return self
        burst = max(1, self.burst // replicas)
        return Quota(self.name, self.rate, self.window * replicas, burst)


@dataclass(slots=True)
class Verdict:
    """`allowed`; `remaining` requests at once after this one; `retry_after` whole seconds until the
    next is allowed (0 if it was); `reset` seconds until the bucket is full again."""

    quota: Quota
    allowed: bool
    remaining: int
    retry_after: int
    reset: int


def weigh(quota: Quota, full_at: float, now: float) -> tuple[Verdict, float]:
    """What a request at `now` gets of a bucket, and when the bucket is full again after it (the
    same as before for one that is refused)."""
    interval = quota.window / quota.rate
    full_at = max(full_at, now)
    free = now + quota.burst * interval - (full_at + interval)
    if free < -_ROUNDING:
        return Verdict(quota, False, 0, max(1, math.ceil(-free)), math.ceil(full_at - now)), full_at
    full_at += interval
    remaining = int(free / interval + _ROUNDING)
    return Verdict(quota, True, remaining, 0, math.ceil(full_at - now)), full_at

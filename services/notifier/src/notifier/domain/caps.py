"""Loop safety: how many automatic mails one address may get (design 04 §3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

CapSource = Literal["loop_cap_short", "loop_cap_long"]


@dataclass(frozen=True)
class Cap:
    """At most `most` in any `window`."""

    source: CapSource
    most: int
    window: timedelta


CAPS = (
    Cap("loop_cap_short", 10, timedelta(minutes=10)),
    Cap("loop_cap_long", 100, timedelta(minutes=600)),
)
LONGEST_WINDOW = max(cap.window for cap in CAPS)


def reached(earlier: Sequence[datetime], now: datetime) -> CapSource | None:
    """The first cap that one more mail at `now` would break; `earlier` are those before it."""
    for cap in CAPS:
        if sum(now - at < cap.window for at in earlier) >= cap.most:
            return cap.source
    return None

"""Loop safety of design 04 §3."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.caps import reached

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=one) for one in minutes]


def test_the_tenth_in_ten_minutes_goes_out_and_the_eleventh_does_not() -> None:
    assert reached(ago(*[1] * 9), NOW) is None
    assert reached(ago(*[1] * 10), NOW) == "loop_cap_short"


def test_what_is_ten_minutes_old_counts_no_more_for_the_short_cap() -> None:
    assert reached(ago(*[1] * 9, 10), NOW) is None


def test_the_hundredth_in_ten_hours_goes_out_and_the_next_does_not() -> None:
    assert reached(ago(*[30 + n for n in range(99)]), NOW) is None
    assert reached(ago(*[30 + n for n in range(100)]), NOW) == "loop_cap_long"
    assert reached(ago(*[30 + n for n in range(99)], 600), NOW) is None


@given(st.lists(st.integers(min_value=0, max_value=40_000), max_size=400))
def test_no_window_ever_holds_more_than_its_cap(seconds: list[int]) -> None:
    let_through: list[datetime] = []
    for offset in sorted(seconds):
        now = NOW + timedelta(seconds=offset)
        if reached(let_through, now) is None:
            let_through.append(now)
    for most, window in ((10, timedelta(minutes=10)), (100, timedelta(minutes=600))):
        for end in let_through:
            assert sum(timedelta(0) <= end - at < window for at in let_through) <= most

"""How failed sign-ins close an account to strangers, and for how long."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.tries import FORGOTTEN, LONGEST, Tries, closed_for

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_the_fifth_failure_closes_for_a_second_and_each_further_one_doubles_it() -> None:
    seconds = [closed_for(n).total_seconds() for n in range(17)]
    assert seconds == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(0, 10**9))
def test_no_number_of_failures_closes_longer_than_a_quarter_of_an_hour(failures: int) -> None:
    assert timedelta(0) <= closed_for(failures) <= LONGEST
    assert closed_for(failures) <= closed_for(failures + 1)


@given(st.lists(st.integers(0, 3600), max_size=60))
def test_whoever_waits_as_told_may_always_try_again(pauses: list[int]) -> None:
    tries, now = Tries(), NINE
    for pause in pauses:
        now += tries.wait(now) + timedelta(seconds=pause)
        assert tries.wait(now) == timedelta(0)
        tries = tries.one_more(now)
        assert tries.wait(now) <= LONGEST


def test_failures_are_forgotten_after_a_day_without_one() -> None:
    tries = Tries(9, NINE)
    assert tries.one_more(NINE + FORGOTTEN - timedelta(seconds=1)).failures == 10
    assert tries.one_more(NINE + FORGOTTEN) == Tries(1, NINE + FORGOTTEN)


def test_only_failures_beyond_the_free_ones_close() -> None:
    assert [Tries(n, NINE).closes for n in (0, 4, 5)] == [False, False, True]

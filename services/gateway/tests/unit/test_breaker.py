"""The breaker before a service that does not answer."""

from gateway.infra.breaker import Breaker


class Ticks:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_try_after_a_while() -> None:
    ticks = Ticks()
    breaker = Breaker(failures=3, seconds=2.0, clock=ticks)
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    assert not breaker.admits()
    ticks.now += 2.0
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.succeeded()
    assert breaker.admits()


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = Breaker(failures=2, seconds=2.0, clock=Ticks())
    for _ in range(5):
        breaker.failed()
        breaker.succeeded()
    assert breaker.admits()

"""How long a session lives."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.domain.session import ABSOLUTE, IDLE, Session, csrf_token, freshly_proven, token_hash

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def opened(*, seen: timedelta = timedelta(0), ended: datetime | None = None) -> Session:
    return Session(uuid4(), uuid4(), created_at=START, last_seen_at=START + seen, ended_at=ended)


def test_it_lives_until_it_was_idle_for_half_an_hour() -> None:
    assert opened().alive(START + IDLE - timedelta(seconds=1))
    assert not opened().alive(START + IDLE)


def test_use_puts_off_the_idle_end_but_not_the_absolute_one() -> None:
    busy = opened(seen=ABSOLUTE - timedelta(minutes=1))
    assert busy.alive(START + ABSOLUTE - timedelta(seconds=1))
    assert not busy.alive(START + ABSOLUTE)


def test_an_ended_one_is_dead() -> None:
    assert not opened(ended=START).alive(START)


def test_the_header_token_belongs_to_one_session_and_one_installation() -> None:
    one, two = uuid4(), uuid4()
    assert csrf_token(b"a", one) == csrf_token(b"a", one)
    assert csrf_token(b"a", one) != csrf_token(b"a", two)
    assert csrf_token(b"a", one) != csrf_token(b"b", one)


def test_what_is_kept_of_a_token_is_not_the_token() -> None:
    assert token_hash("one") != b"one"
    assert token_hash("one") != token_hash("two")


def test_a_proof_counts_for_ten_minutes_and_none_for_nothing() -> None:
    ten = timedelta(minutes=10)
    assert freshly_proven(START, START + ten)
    assert not freshly_proven(START, START + ten + timedelta(microseconds=1))
    assert not freshly_proven(None, START)

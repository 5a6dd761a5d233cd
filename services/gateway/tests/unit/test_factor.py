"""One-time codes, recovery codes, and what wrong ones cost. Pure."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from gateway.domain.factor import (
    LONGEST_PAUSE,
    PENDING_TRIES,
    SETUP_LASTS,
    Factor,
    Pending,
    factor_due,
    is_recovery_code,
    otpauth_uri,
    recovery_hash,
    spell_recovery_code,
    spell_secret,
    step_of,
)

NOW = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)
SECRET = spell_secret(b"12345678901234567890")
PRESENT = int(NOW.timestamp()) // 30


def code(step: int) -> str:
    return TOTP(SECRET).generate_otp(step)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_rfc_6238(seconds: int, expected: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert step_of(SECRET, expected, at, after=0) == seconds // 30


@pytest.mark.parametrize(
    ("drift", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_one_step_off(drift: int, counts: bool) -> None:
    found = step_of(SECRET, code(PRESENT + drift), NOW, after=0)
    assert found == (PRESENT + drift if counts else None)


@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(-2, 2)), max_size=30))
def test_a_step_is_accepted_at_most_once_whatever_the_order(
    tries: list[tuple[int, int]],
) -> None:
    factor, accepted = Factor(secret=SECRET), []
    for moment, drift in tries:
        now = NOW + timedelta(seconds=30 * moment)
        step = step_of(SECRET, code(PRESENT + moment + drift), now, after=factor.last_step)
        if step is not None:
            accepted.append(step)
            factor = factor.accepted(step)
    assert accepted == sorted(set(accepted))


@given(st.text(max_size=20))
def test_no_other_text_is_a_code(text: str) -> None:
    near = {code(PRESENT + drift) for drift in (-1, 0, 1)}
    assert step_of(SECRET, text, NOW, after=0) is None or text in near


def test_a_secret_holds_160_bits_and_its_address_names_account_and_house() -> None:
    assert re.fullmatch("[A-Z2-7]{32}", SECRET)
    uri = otpauth_uri(SECRET, "ada@shop.test", "Deskstream")
    assert uri.startswith("otpauth://totp/Deskstream:ada%40shop.test?")
    assert f"secret={SECRET}" in uri


def test_a_recovery_code_is_read_however_it_is_typed_and_belongs_to_one_account() -> None:
    ada, bob = uuid4(), uuid4()
    spelled = spell_recovery_code("0123456789abcdef")
    assert spelled == "0123-4567-89ab-cdef"
    kept = recovery_hash(b"pepper", ada, spelled)
    for typed in ("0123456789ABCDEF", " o123 4567 89AB CDEF ", "0i23-4567-89ab-cdef"):
        assert is_recovery_code(typed)
        assert recovery_hash(b"pepper", ada, typed) == kept
    assert recovery_hash(b"pepper", bob, spelled) != kept
    assert recovery_hash(b"other", ada, spelled) != kept
    assert not is_recovery_code("123456")


def test_wrong_codes_cost_pauses_that_double_up_to_a_quarter_of_an_hour() -> None:
    factor, pauses = Factor(secret=SECRET), []
    for _ in range(40):
        factor = factor.failed(NOW)
        pauses.append(factor.blocked(NOW))
    seconds = [0 if pause is None else pause.total_seconds() for pause in pauses]
    assert seconds[:9] == [0, 0, 0, 0, 1, 2, 4, 8, 16]
    assert seconds[-1] == LONGEST_PAUSE.total_seconds()
    assert seconds == sorted(seconds)
    assert factor.blocked(NOW + LONGEST_PAUSE) is None
    assert factor.accepted(PRESENT).blocked(NOW) is None


def test_an_offered_secret_waits_ten_minutes_and_the_one_in_force_counts_on() -> None:
    factor = Factor(secret="old", last_step=7).offered("new", NOW)
    assert (factor.secret, factor.waiting(NOW + SETUP_LASTS)) == ("old", "new")
    assert factor.waiting(NOW + SETUP_LASTS + timedelta(microseconds=1)) is None
    assert Factor().waiting(NOW) is None
    assert factor.confirmed(9) == Factor(secret="new", last_step=9)


def test_a_pending_sign_in_ends_by_time_and_by_tries() -> None:
    user, until = UUID(int=1), NOW + timedelta(minutes=5)
    assert Pending(user, until).usable(NOW)
    assert not Pending(user, until).usable(until)
    assert not Pending(user, until, tries=PENDING_TRIES).usable(NOW)


def test_admins_and_managers_owe_a_factor() -> None:
    assert {role: factor_due(role, has_factor=False) for role in ("admin", "manager")} == {
        "admin": True,
        "manager": True,
    }
    assert not factor_due("agent", has_factor=False)
    assert not factor_due("viewer", has_factor=False)
    assert not factor_due("admin", has_factor=True)

"""Which passwords are accepted."""

import pytest

from gateway.domain.errors import WeakPassword
from gateway.domain.password import MAXIMUM, accept_password
from gateway.infra.common_passwords import load_common_passwords

COMMON = load_common_passwords()
GOOD = "seven blue lamps hum"


def accept(password: str, *, has_factor: bool = False) -> str:
    personal = ("ada.lovelace@shop.test", "Ada Lovelace")
    return accept_password(password, common=COMMON, personal=personal, has_factor=has_factor)


@pytest.mark.parametrize(
    "password", [GOOD, "ñandú über die brücke", "aaaabbbbccccddddq", "🦊" * 8 + GOOD]
)
def test_length_is_enough_without_rules_of_composition(password: str) -> None:
    assert accept(password)


def test_without_a_second_factor_it_takes_15_characters_and_with_one_12() -> None:
    with pytest.raises(WeakPassword, match="15"):
        accept("xk7-lamps-hum")
    assert accept("xk7-lamps-hum", has_factor=True)
    with pytest.raises(WeakPassword, match="12"):
        accept("xk7-lamps-h", has_factor=True)


def test_an_endless_one_is_refused_before_it_is_hashed() -> None:
    with pytest.raises(WeakPassword):
        accept("ab1" * MAXIMUM)


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "PasswordPassword",
        "Welcome202420242024!",
        "correct horse battery staple",
        "qwertyuiopasdfghjkl",
        "deskstream1234567",
        "iloveyouforever",
    ],
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        accept(password)


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaaaaaa", "abcabcabcabcabcabc", "abcdefghijklmnop", "1234567890123456"]
)
def test_repetition_and_runs_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        accept(password)


@pytest.mark.parametrize(
    "password",
    ["ada.lovelace@shop.test", "AdaLovelace2026!", "Ada Lovelace 12345", "ada.lovelace999999"],
)
def test_the_own_name_or_address_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        accept(password)


def test_two_ways_to_type_a_letter_are_one_password() -> None:
    assert accept("cafe\u0301 " + GOOD) == accept("caf\u00e9 " + GOOD)


def test_the_error_names_the_field_and_never_the_password() -> None:
    with pytest.raises(WeakPassword) as raised:
        accept_password("hunter2", common=COMMON, field="new_password")
    assert raised.value.field == "new_password"
    assert "hunter2" not in str(raised.value)

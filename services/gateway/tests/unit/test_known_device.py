"""The token of a device: ours or not, told without the store."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.known_device import device_token, is_ours
from gateway.interface.gate.credentials import device_cookie, session_cookie

PEPPER, SECRET = b"p" * 32, "A" * 43
TOKEN = device_token(PEPPER, SECRET)


def test_what_we_made_is_ours_under_the_same_key_only() -> None:
    assert is_ours(PEPPER, TOKEN)
    assert not is_ours(b"q" * 32, TOKEN)
    assert TOKEN.startswith(SECRET + ".")


@given(st.integers(0, len(TOKEN) - 1), st.characters(min_codepoint=32, max_codepoint=126))
def test_a_token_with_any_character_changed_is_not_ours(place: int, other: str) -> None:
    forged = TOKEN[:place] + other + TOKEN[place + 1 :]
    assert is_ours(PEPPER, forged) == (forged == TOKEN)


@given(st.text(max_size=120))
def test_what_anybody_types_is_not_ours(typed: str) -> None:
    assert not is_ours(PEPPER, typed)


def test_each_cookie_is_found_by_its_name_and_two_of_one_name_are_none() -> None:
    header = b"__Host-sid=one; theme=dark; __Host-did=two"
    assert (session_cookie(header), device_cookie(header)) == ("one", "two")
    assert device_cookie(header + b"; __Host-did=three") is None
    assert device_cookie(b"__Host-did=") is None
    assert device_cookie(None) is None

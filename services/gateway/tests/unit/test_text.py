"""Free text is cleaned before it is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import InvalidInput
from gateway.domain.text import clean_line, fold_email


def test_line_breaks_cannot_reach_a_mail_header() -> None:
    assert (
        clean_line("Ada\r\nBcc: all@shop.test", limit=99, field="name") == "Ada Bcc: all@shop.test"
    )


def test_characters_that_turn_the_reading_direction_are_gone() -> None:
    assert clean_line("Ada\u202eevil\u2066", limit=99, field="name") == "Adaevil"


@pytest.mark.parametrize("empty", ["", "   ", "\u200b\u202e", "\x00", "\u200d"])
def test_nothing_visible_is_refused(empty: str) -> None:
    with pytest.raises(InvalidInput):
        clean_line(empty, limit=99, field="name")


def test_too_long_is_refused_after_cleaning() -> None:
    assert clean_line(" a" * 5, limit=9, field="name")
    with pytest.raises(InvalidInput):
        clean_line("a" * 10, limit=9, field="name")


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    try:
        once = clean_line(text, limit=1000, field="name")
    except InvalidInput:
        return
    assert clean_line(once, limit=1000, field="name") == once


def test_spellings_of_one_address_fold_together() -> None:
    assert fold_email(" Ada@Shop.TEST ") == fold_email("ada@shop.test")

"""Words are the same in texts and in questions, whatever their case, width or script."""

from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.words import LONGEST, MOST, words_of


def test_words_are_letters_and_digits_without_regard_to_case_or_width():
    assert words_of("Drum, DRUM cora@quill.test", "ＤＲＵＭ Straße_7") == [
        "drum", "cora", "quill", "test", "strasse", "7",
    ]  # fmt: skip
    assert words_of("& | ! ( ) : * ' --", None, "") == []


@given(st.text())
def test_words_hold_nothing_that_a_query_would_read_as_its_own(text):
    found = words_of(text)
    assert len(found) == len(set(found)) <= MOST
    assert all(word.isalnum() and len(word) <= LONGEST for word in found)

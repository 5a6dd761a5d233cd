"""Headers are safe and nobody is written to twice."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.addresses import Recipient, distinct, one_line


def test_an_address_in_to_and_cc_is_mailed_once() -> None:
    to, cc = distinct(
        [Recipient("Ann@Example.org", "Ann")],
        [Recipient("ann@example.org"), Recipient("bob@example.org"), Recipient("BOB@example.org ")],
        own="support@shop.test",
    )
    assert to == (Recipient("Ann@Example.org", "Ann"),)
    assert cc == (Recipient("bob@example.org"),)


def test_the_desk_never_writes_to_itself() -> None:
    to, cc = distinct(
        [Recipient("Support@shop.test")], [Recipient("support@shop.test")], own="support@shop.test"
    )
    assert (to, cc) == ((), ())


@given(st.text())
def test_a_header_line_has_no_control_character_and_is_short(text: str) -> None:
    line = one_line(text)
    assert len(line) <= 200
    assert not any(ord(char) < 32 or 0x7F <= ord(char) <= 0x9F for char in line)
    assert "\u2028" not in line


def test_a_line_end_becomes_a_blank() -> None:
    assert one_line("Hello\r\nBcc: everyone@example.org") == "Hello Bcc: everyone@example.org"

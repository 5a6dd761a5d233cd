"""Canned responses are filled from the ticket, as text; unknown placeholders are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.bodies import BODY_LIMIT, Body, signed
from ticketing.domain.errors import BodyTooLarge
from ticketing.domain.placeholders import KNOWN, fill, known_only, values
from ticketing.domain.writing_errors import PlaceholderUnknown
from ticketing.testing import folded, opened, person


def both(text: str) -> Body:
    return Body(f"<p>{text}</p>", text)


def test_every_known_placeholder_has_a_value():
    ticket = folded([opened()])
    assert values(ticket, person()).keys() == KNOWN
    text = " ".join(f"{{{{ {name} }}}}" for name in sorted(KNOWN))
    assert fill(both(text), values(ticket, person())).text == (
        "agent-1@desk.test Agent 1 cora@customer.test Cora Cora Customer 7 A drum leaks"
    )


@pytest.mark.parametrize("name", ["customer", "customer.iban", "", "Customer.Name", "a b"])
def test_an_unknown_placeholder_is_an_error_when_saved(name):
    with pytest.raises(PlaceholderUnknown) as refused:
        known_only(both(f"Dear {{{{customer.name}}}}, {{{{{name}}}}}"))
    assert refused.value.extra["unknown"] == [name]
    known_only(both("Dear {{ customer.name }}, {not one}"))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_value_never_becomes_markup_nor_another_placeholder(name):
    ticket = folded([opened(requester_name=name)])
    filled = fill(both("{{customer.name}}"), values(ticket, None)) if name.strip() else None
    if filled:
        assert filled.text == name
        assert "<" not in filled.html.removeprefix("<p>").removesuffix("</p>")


def test_a_signature_stands_behind_two_dashes_and_counts_towards_the_limit():
    assert signed(both("Hello"), None) == both("Hello")
    assert signed(both("Hello"), both("Ann")).text == "Hello\n\n-- \nAnn"
    with pytest.raises(BodyTooLarge):
        signed(both("x" * (BODY_LIMIT - 20)), both("y" * 20))

"""What a mail of ours refers to."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.domain.threading import MOST_REFERENCES, Written, thread


def ours(mail_id: str) -> Written:
    return Written(mail_id, ours=True)


def theirs(mail_id: str) -> Written:
    return Written(mail_id, ours=False)


def test_mails_of_a_ticket_share_a_root_and_refer_to_the_newest() -> None:
    ticket_id = uuid4()
    first = thread(ticket_id, [], "shop.test")
    assert first.references == (f"ticket-{ticket_id}@shop.test",)
    later = thread(ticket_id, [ours(f"{n}@shop.test") for n in range(50)], "shop.test")
    assert later.references[0] == f"ticket-{ticket_id}@shop.test"
    assert later.in_reply_to == "49@shop.test"
    assert len(later.references) == 20
    assert thread(None, [], "shop.test").in_reply_to is None


def test_the_customers_newest_mail_is_answered_and_what_came_before_it_stands_above() -> None:
    mails = [theirs("1@c.test"), ours("ack@shop.test"), theirs("2@c.test"), ours("re@shop.test")]
    _, *above = thread(uuid4(), mails, "shop.test").references
    assert above == ["1@c.test", "ack@shop.test", "2@c.test"]


@pytest.mark.parametrize("odd", ["", "a b@c.test", "a\r\nBcc: x@y.test", "<a@c.test>", "ä@c.test"])
def test_what_would_spoil_a_header_is_left_out(odd: str) -> None:
    found = thread(uuid4(), [theirs("1@c.test"), theirs(odd)], "shop.test")
    assert found.in_reply_to == "1@c.test"


@given(st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=40))
def test_any_mails_make_headers_of_bounded_length_in_one_piece(
    mails: list[tuple[str, bool]],
) -> None:
    found = thread(uuid4(), [Written(*one) for one in mails], "shop.test")
    assert 1 <= len(found.references) <= MOST_REFERENCES
    assert all(one.isascii() and one.isprintable() and " " not in one for one in found.references)

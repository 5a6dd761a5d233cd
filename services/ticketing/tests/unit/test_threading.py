"""Where a mail belongs, for any set of marks that reached us."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketing.domain.threading import (
    Candidate,
    choose,
    newest_first,
    numbers_in,
    root_of,
    takes_part,
)
from ticketing.testing import folded, opened

CORA, EVE = "cora@customer.test", "eve@else.test"
TICKETS = [
    folded([opened(ticket_id=UUID(int=n), number=n, requester_email=requester)])
    for n, requester in enumerate((CORA, CORA, EVE, "lee@customer.test"), 1)
]
MARKS = st.lists(
    st.builds(Candidate, st.sampled_from(TICKETS), by_number=st.booleans()), max_size=6
)


def matched(marks, sender):
    """As the use case asks."""
    return choose([(mark, takes_part(mark.ticket, sender)) for mark in marks])


@given(MARKS, st.sampled_from([CORA, EVE, "nobody@else.test", None]))
def test_a_mail_never_lands_with_a_stranger(marks, sender):
    match = matched(marks, sender)
    if match is not None and match.known:
        assert takes_part(match.ticket, sender)


@given(MARKS, st.sampled_from(TICKETS))
def test_while_one_valid_mark_is_left_an_answer_finds_its_ticket(noise, ticket):
    """`noise`: marks of others' tickets, as in a mail that quotes or forges them."""
    strangers = [mark for mark in noise if not takes_part(mark.ticket, ticket.requester_email)]
    for place in range(len(strangers) + 1):
        marks = [*strangers[:place], Candidate(ticket), *strangers[place:]]
        match = matched(marks, ticket.requester_email)
        assert match is not None
        assert (match.ticket.id, match.known) == (ticket.id, True)


@given(MARKS)
def test_a_number_alone_lets_nobody_in(marks):
    numbers = [Candidate(mark.ticket, by_number=True) for mark in marks]
    assert matched(numbers, "nobody@else.test") is None


@given(MARKS)
def test_the_strongest_mark_wins_among_those_that_fit(marks):
    match = matched(marks, CORA)
    fitting = [mark.ticket.id for mark in marks if takes_part(mark.ticket, CORA)]
    if fitting:
        assert match is not None
        assert match.ticket.id == fitting[0]


def test_the_newest_message_ids_come_first_and_each_once():
    assert newest_first(("c@x",), ("a@x", "b@x", "c@x")) == ("c@x", "b@x", "a@x")


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        ("Re: [#17] A drum", (17,)),
        ("#17 and #18, #17", (17, 18)),
        ("no number", ()),
        ("##17 a#18 #19x #12345678901", ()),
        ("", ()),
    ],
)
def test_numbers_are_read_from_the_subject(subject, numbers):
    assert numbers_in(subject) == numbers


def test_the_common_ancestor_of_a_tickets_mails_names_it():
    ticket = uuid4()
    assert root_of(f"ticket-{ticket}@shop.test") == ticket
    assert root_of("ticket-nonsense-nonsense-nonsense-nonsense-@x") is None
    assert root_of("1@x") is None

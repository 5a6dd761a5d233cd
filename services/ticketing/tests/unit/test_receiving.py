"""The customer writes: 04-domain.md §1."""

from uuid import UUID

import pytest

from deskstream_events.ticketing.ticket import TicketReopenedV1
from ticketing.domain.errors import TicketClosed
from ticketing.domain.receiving import Incoming, receive
from ticketing.domain.removal import mark_spam
from ticketing.domain.snooze import snooze
from ticketing.domain.splitting import link_follow_up
from ticketing.domain.transitions import move
from ticketing.testing import START, body, folded, later, opened

MESSAGE = UUID("01900000-0000-7000-8000-0000000000b2")


def incoming(**over):
    return Incoming(MESSAGE, body("And?"), sender_email="cora@customer.test", **over)


def in_state(status):
    ticket = folded([opened(opened_by="user:1")])
    if status == "new":
        return ticket
    from ticketing.domain.assignment import assign
    from ticketing.testing import person

    ticket = folded(assign(ticket, person(), "user:1", START), ticket)
    return folded(move(ticket, status, START), ticket)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("new", "new"),
        ("open", "open"),
        ("waiting_customer", "open"),
        ("on_hold", "open"),
        ("solved", "open"),
    ],
)
def test_a_customers_message_opens_whatever_waits_or_is_solved(before, after):
    ticket = in_state(before)
    events = receive(ticket, incoming(), later(1))
    done = folded(events, ticket)
    assert done.status == after
    assert done.customer_messages()[-1].id == MESSAGE
    assert [e.by for e in events if isinstance(e, TicketReopenedV1)] == (
        ["customer"] if before != after else []
    )


def test_a_closed_ticket_takes_no_message_and_is_linked_with_its_follow_up():
    ticket = in_state("closed")
    with pytest.raises(TicketClosed):
        receive(ticket, incoming(), later(1))
    other = UUID("01900000-0000-7000-8000-0000000000a2")
    follow_up = folded([opened(ticket_id=other, number=8, message_id=MESSAGE)])
    onward, back = link_follow_up(ticket, follow_up, later(1))
    assert [(x.other_id, x.kind) for x in folded(onward, ticket).links] == [(other, "follow_up")]
    assert [(x.number, x.kind) for x in folded(back, follow_up).links] == [(7, "follows")]


def test_a_customers_message_ends_a_snooze_and_an_automatic_one_does_nothing():
    ticket = in_state("waiting_customer")
    ticket = folded(snooze(ticket, later(600), by="user:1", at=START), ticket)
    automatic = folded(receive(ticket, incoming(automatic=True), later(1)), ticket)
    assert (automatic.status, automatic.snoozed_until) == ("waiting_customer", later(600))
    assert automatic.customer_messages() == ticket.customer_messages()
    human = folded(receive(ticket, incoming(), later(1)), ticket)
    assert (human.status, human.snoozed_until) == ("open", None)


def test_spam_stays_spam_whatever_is_written():
    ticket = in_state("on_hold")
    ticket = folded(mark_spam(ticket, "user:1", START), ticket)
    after = folded(receive(ticket, incoming(), later(1)), ticket)
    assert (after.standing, after.status) == ("spam", "on_hold")

"""A solved ticket is closed after two weeks of silence, and only then."""

from datetime import timedelta

import pytest

from deskstream_events.ticketing.ticket import TicketClosedV1
from ticketing.domain.assignment import assign
from ticketing.domain.removal import delete, mark_spam
from ticketing.domain.silence import close_after
from ticketing.domain.transitions import move, reopen
from ticketing.testing import START, folded, later, opened, person, uploaded

TWO_WEEKS = timedelta(days=14)
DUE = later(100) + TWO_WEEKS


def solved():
    ticket = folded([opened()])
    ticket = folded(assign(ticket, person(), "user:1", START), ticket)
    return folded(move(ticket, "solved", later(100)), ticket)


def test_what_has_been_solved_for_two_weeks_is_closed_by_silence():
    ticket = solved()
    assert close_after(ticket, TWO_WEEKS, DUE - timedelta(seconds=1)) == ()
    (event,) = close_after(ticket, TWO_WEEKS, DUE)
    assert isinstance(event, TicketClosedV1)
    assert event.cause == "silence"
    assert close_after(folded((event,), ticket), TWO_WEEKS, DUE) == ()


def test_whatever_else_happens_does_not_prolong_it_but_being_solved_again_does():
    ticket = folded([uploaded()], solved())
    assert close_after(ticket, TWO_WEEKS, DUE) != ()
    again = folded(reopen(ticket, later(200), by="staff", reason=None), ticket)
    assert close_after(again, TWO_WEEKS, DUE) == ()
    again = folded(move(again, "solved", later(300)), again)
    assert close_after(again, TWO_WEEKS, DUE) == ()
    assert close_after(again, TWO_WEEKS, DUE + timedelta(seconds=200)) != ()


@pytest.mark.parametrize("away", [delete, mark_spam])
def test_what_stands_aside_is_not_closed(away):
    ticket = solved()
    assert close_after(folded(away(ticket, "user:1", later(200)), ticket), TWO_WEEKS, DUE) == ()

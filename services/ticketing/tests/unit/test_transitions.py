"""States of a ticket: 04-domain.md §1."""

import pytest

from deskstream_events.ticketing.ticket import TicketClosedV1, TicketReopenedV1, TicketSolvedV1
from ticketing.domain.changes import Changes, change
from ticketing.domain.errors import (
    AssigneeMissing,
    ReasonMissing,
    TicketClosed,
    TransitionRefused,
)
from ticketing.domain.transitions import move, reopen
from ticketing.testing import START, SUPPORT, folded, later, opened, person

AGENT = person(1)


def assigned():
    ticket = folded([opened()])
    return folded(
        change(ticket, Changes(assignee=AGENT), team=SUPPORT, assignee=None, by="user:1", at=START),
        ticket,
    )


def solved():
    ticket = assigned()
    return folded(move(ticket, "solved", later(1)), ticket)


def closed():
    ticket = solved()
    return folded(move(ticket, "closed", later(2)), ticket)


def test_a_new_ticket_opens_when_it_is_assigned():
    assert assigned().status == "open"
    assert assigned().assignee_id == AGENT.id


def test_assigning_the_same_person_again_says_nothing():
    again = change(
        assigned(), Changes(assignee=AGENT), team=SUPPORT, assignee=AGENT, by="user:1", at=START
    )
    assert again == ()


def test_solving_needs_an_assignee():
    with pytest.raises(AssigneeMissing):
        move(folded([opened()]), "solved", START)


def test_assigning_and_solving_in_one_change_is_allowed():
    ticket = folded([opened()])
    wanted = Changes(assignee=AGENT, status="solved")
    after = folded(
        change(ticket, wanted, team=SUPPORT, assignee=None, by="user:1", at=START), ticket
    )
    assert (after.status, after.assignee_id) == ("solved", AGENT.id)


def test_closing_passes_through_solved():
    events = move(assigned(), "closed", START)
    assert [type(e) for e in events] == [TicketSolvedV1, TicketClosedV1]


@pytest.mark.parametrize("to", ["open", "waiting_customer", "on_hold", "solved"])
def test_nothing_moves_a_closed_ticket_but_an_admins_reopening(to):
    with pytest.raises(TicketClosed):
        move(closed(), to, START)
    with pytest.raises(TicketClosed):
        reopen(closed(), START, by="staff", reason="please")
    after = folded(reopen(closed(), later(3), by="admin", reason="wrongly closed"), closed())
    assert after.status == "open"


@pytest.mark.parametrize("reason", [None, "", "   "])
def test_an_admins_reopening_needs_a_reason(reason):
    with pytest.raises(ReasonMissing):
        reopen(closed(), START, by="admin", reason=reason)


def test_staff_reopen_a_solved_ticket():
    (event,) = reopen(solved(), START, by="staff", reason=None)
    assert isinstance(event, TicketReopenedV1)
    assert (event.previous, event.by) == ("solved", "staff")


def test_a_ticket_that_is_not_over_cannot_be_reopened():
    with pytest.raises(TransitionRefused):
        reopen(assigned(), START, by="staff", reason=None)


@pytest.mark.parametrize("to", ["open", "waiting_customer", "on_hold"])
def test_taking_up_a_solved_ticket_says_that_it_was_reopened(to):
    events = move(solved(), to, START)
    assert isinstance(events[0], TicketReopenedV1)
    assert folded(events, solved()).status == to


def test_a_ticket_does_not_become_new_again():
    with pytest.raises(TransitionRefused):
        move(assigned(), "new", START)

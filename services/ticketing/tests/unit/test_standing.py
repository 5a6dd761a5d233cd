"""Snoozing, deleting, marking as spam, sharing and watching: on top of the state, which stays."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_events.ticketing.standing import SnoozeEndedV1, TicketRestoredV1
from ticketing.domain.changes import Changes, change
from ticketing.domain.errors import (
    CannotShare,
    CannotWatch,
    NotRemoved,
    SnoozeInvalid,
    TicketDeleted,
    TicketingError,
    TicketIsSpam,
    TransitionRefused,
)
from ticketing.domain.following import share, watch
from ticketing.domain.notes import add_note
from ticketing.domain.removal import bring_back, delete, mark_spam
from ticketing.domain.replies import Draft, queue_reply
from ticketing.domain.snooze import end_snooze, snooze, wake
from ticketing.domain.transitions import move, reopen
from ticketing.testing import CREDIT, START, SUPPORT, body, folded, later, opened, person

REPLY = UUID("01900000-0000-7000-8000-00000000e001")
BY = "user:1"


def new():
    return folded([opened()])


def replied(ticket):
    draft = Draft(body(), then="wait")
    undo = timedelta(seconds=10)
    return queue_reply(ticket, draft, reply_id=REPLY, author=person(), at=START, undo=undo)


def step(ticket, events):
    return folded(events, ticket) if events else ticket


def snoozed():
    ticket = new()
    return step(ticket, snooze(ticket, later(60), by=BY, at=START))


def test_a_snooze_leaves_the_state_and_ends_in_time():
    ticket = snoozed()
    assert (ticket.standing, ticket.snoozed_until) == ("new", later(60))
    assert wake(ticket, later(59)) == ()
    (event,) = wake(ticket, later(60))
    assert isinstance(event, SnoozeEndedV1)
    assert event.cause == "due"
    assert step(ticket, (event,)).snoozed_until is None


def test_a_snooze_can_be_moved_and_ended_early():
    ticket = snoozed()
    moved = step(ticket, snooze(ticket, later(90), by=BY, at=later(1)))
    assert moved.snoozed_until == later(90)
    assert snooze(moved, later(90), by=BY, at=later(2)) == ()
    assert step(moved, snooze(moved, None, by=BY, at=later(2))).snoozed_until is None
    assert step(moved, end_snooze(moved, later(2), "customer")).snoozed_until is None
    assert end_snooze(new(), later(2), "customer") == ()


@pytest.mark.parametrize("seconds", [-1, 0, 367 * 86400])
def test_a_snooze_is_for_a_time_to_come_within_a_year(seconds):
    with pytest.raises(SnoozeInvalid):
        snooze(new(), later(seconds), by=BY, at=START)


def test_what_is_over_cannot_be_snoozed_and_solving_ends_a_snooze():
    ticket = snoozed()
    after = step(ticket, replied(ticket))
    solved = step(after, move(after, "solved", later(1)))
    assert solved.snoozed_until is None
    with pytest.raises(TransitionRefused):
        snooze(solved, later(60), by=BY, at=later(2))


def test_deleting_takes_back_what_can_be_taken_back_and_restoring_gives_the_state_again():
    before = new()
    ticket = step(before, replied(before))
    gone = step(ticket, delete(ticket, BY, later(1)))
    assert gone.deleted
    assert gone.replies[REPLY].state == "cancelled"
    assert delete(gone, BY, later(2)) == ()
    back = step(gone, bring_back(gone, BY, later(3)))
    assert (back.deleted, back.standing) == (False, "new")


def test_a_deleted_ticket_takes_nothing():
    before = new()
    gone = step(before, delete(before, BY, START))
    for attempt in (
        lambda: snooze(gone, later(60), by=BY, at=START),
        lambda: mark_spam(gone, BY, START),
        lambda: replied(gone),
        lambda: reopen(gone, START, by="staff", reason=None),
        lambda: change(gone, Changes(status="open"), team=SUPPORT, assignee=None, by=BY, at=START),
        lambda: add_note(gone, body(), note_id=REPLY, author_id=None, attachment_ids=(), at=START),
    ):
        with pytest.raises(TicketDeleted):
            attempt()


def test_spam_stands_over_the_state_until_another_is_set():
    before = new()
    spam = step(before, mark_spam(before, BY, START))
    assert (spam.standing, spam.status) == ("spam", "new")
    assert mark_spam(spam, BY, START) == ()
    with pytest.raises(TicketIsSpam):
        replied(spam)
    with pytest.raises(TicketIsSpam):
        change(spam, Changes(priority="high"), team=SUPPORT, assignee=None, by=BY, at=START)
    events = change(spam, Changes(status="open"), team=SUPPORT, assignee=None, by=BY, at=START)
    assert isinstance(events[0], TicketRestoredV1)
    assert step(spam, events).standing == "open"


def test_only_what_was_removed_can_be_restored():
    with pytest.raises(NotRemoved):
        bring_back(new(), BY, START)


def test_sharing_and_watching_say_only_what_changes():
    ticket, one, two = new(), person(1), person(2)
    shared = step(ticket, share(ticket, [one, one, two], SUPPORT, by=BY, at=START))
    assert shared.shared == {one.id, two.id}
    assert share(shared, [two, one], SUPPORT, by=BY, at=START) == ()
    assert step(shared, share(shared, [], SUPPORT, by=BY, at=START)).shared == frozenset()
    watched = step(ticket, watch(ticket, [two], at=START))
    assert watched.watchers == {two.id}
    assert step(watched, watch(watched, [one], at=START)).watchers == {one.id}


def test_a_restricted_ticket_is_shared_with_those_only_who_see_its_team():
    ticket = new()
    with pytest.raises(CannotShare):
        share(ticket, [person(1)], CREDIT, by=BY, at=START)
    insider = person(6, "agent", CREDIT)
    assert step(ticket, share(ticket, [insider], CREDIT, by=BY, at=START)).shared == {insider.id}


def test_who_is_not_active_neither_shares_nor_watches():
    gone = person(9, "agent", active=False)
    with pytest.raises(CannotShare):
        share(new(), [gone], SUPPORT, by=BY, at=START)
    with pytest.raises(CannotWatch):
        watch(new(), [gone], at=START)


NAMES = st.lists(
    st.sampled_from(["snooze", "wake", "spam", "delete", "restore", "open", "hold", "reply"]),
    max_size=12,
)


def attempt(ticket, name, at):
    if name in ("open", "hold"):
        wanted = Changes(status="open" if name == "open" else "on_hold")
        return change(ticket, wanted, team=SUPPORT, assignee=None, by=BY, at=at)
    if name == "snooze":
        return snooze(ticket, at + timedelta(seconds=1), by=BY, at=at)
    if name == "reply":
        return () if ticket.replies else replied(ticket)
    if name == "wake":
        return wake(ticket, at)
    return {"spam": mark_spam, "delete": delete, "restore": bring_back}[name](ticket, BY, at)


@given(NAMES)
def test_whatever_is_done_deleted_and_spam_tickets_are_never_snoozed_and_come_back(names):
    ticket = new()
    for n, name in enumerate(names):
        try:
            ticket = step(ticket, attempt(ticket, name, later(n)))
        except TicketingError:
            continue
        if ticket.deleted or ticket.aside:
            assert ticket.snoozed_until is None
    while ticket.deleted or ticket.aside:
        ticket = step(ticket, bring_back(ticket, BY, later(99)))
    assert ticket.standing == ticket.status

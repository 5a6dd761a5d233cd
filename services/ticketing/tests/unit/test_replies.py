"""Replies: one outcome each."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from deskstream_events.ticketing.reply import ReplyQueuedV1
from deskstream_events.ticketing.ticket import TicketReopenedV1
from ticketing.domain.errors import (
    AttachmentNotHere,
    AttachmentsTooLarge,
    MessageUnknown,
    NoAddress,
    StaleReply,
    TicketClosed,
    TooLate,
    TooManyAttachments,
)
from ticketing.domain.replies import (
    Delivered,
    Draft,
    Returned,
    Unclear,
    Undelivered,
    cancel_reply,
    queue_reply,
    release_reply,
    settle_reply,
)
from ticketing.domain.ticket import Message
from ticketing.domain.transitions import move
from ticketing.testing import (
    FIRST_MESSAGE,
    START,
    body,
    folded,
    later,
    opened,
    person,
    uploaded,
)

REPLY = UUID("01900000-0000-7000-8000-00000000e001")
OTHER = UUID("01900000-0000-7000-8000-00000000e002")
UNDO = timedelta(seconds=10)


def queue(ticket, reply_id=REPLY, at=START, **draft):
    return queue_reply(
        ticket, Draft(body(), **draft), reply_id=reply_id, author=person(), at=at, undo=UNDO
    )


def replied(then=None, start=None):
    ticket = start or folded([opened()])
    return folded(queue(ticket, then=then), ticket)


@pytest.mark.parametrize(
    ("then", "status"), [(None, "open"), ("wait", "waiting_customer"), ("solve", "solved")]
)
def test_replying_to_a_new_ticket_assigns_it_and_moves_it(then, status):
    ticket = replied(then)
    assert (ticket.status, ticket.assignee_id) == (status, person().id)
    assert ticket.replies[REPLY].state == "queued"


@pytest.mark.parametrize("then", [None, "wait", "solve"])
def test_cancelling_restores_the_state_that_the_reply_changed(then):
    ticket = replied(then)
    after = folded(cancel_reply(ticket, REPLY, "user:1", later(5)), ticket)
    assert (after.status, after.replies[REPLY].state) == ("new", "cancelled")


def test_cancelling_leaves_a_state_that_was_changed_since():
    ticket = replied("wait")
    moved = folded(move(ticket, "on_hold", later(1)), ticket)
    after = folded(cancel_reply(moved, REPLY, "user:1", later(5)), moved)
    assert after.status == "on_hold"


def test_cancelling_leaves_a_state_that_a_later_reply_set():
    ticket = replied()
    both = folded(queue(ticket, OTHER, later(1), then="wait"), ticket)
    after = folded(cancel_reply(both, REPLY, "user:1", later(2)), both)
    assert after.status == "waiting_customer"


def test_a_reply_that_waits_on_a_solved_ticket_can_be_taken_back_to_solved():
    ticket = replied("solve")
    waiting = folded(queue(ticket, OTHER, later(1), then="wait"), ticket)
    assert waiting.status == "waiting_customer"
    after = folded(cancel_reply(waiting, OTHER, "user:1", later(2)), waiting)
    assert after.status == "solved"


def test_cancelling_twice_is_the_same_as_once():
    ticket = replied()
    after = folded(cancel_reply(ticket, REPLY, "user:1", later(5)), ticket)
    assert cancel_reply(after, REPLY, "user:1", later(6)) == ()


def test_cancelling_after_the_release_is_too_late():
    ticket = replied()
    released = folded(release_reply(ticket, REPLY, later(10)), ticket)
    with pytest.raises(TooLate):
        cancel_reply(released, REPLY, "user:1", later(10))


def test_a_reply_is_not_released_before_its_time():
    assert release_reply(replied(), REPLY, later(9.9)) == ()


def test_a_reply_carries_files_cc_and_whom_it_answers():
    ticket = folded([opened(cc_emails=("boss@customer.test",)), uploaded(1), uploaded(2)])
    file = uploaded(2).attachment_id
    event = queue(ticket, attachment_ids=(file, file), last_seen=FIRST_MESSAGE)[0]
    assert isinstance(event, ReplyQueuedV1)
    assert [f.attachment_id for f in event.files] == [file]
    assert (event.cc_emails, event.answers) == (("boss@customer.test",), FIRST_MESSAGE)
    assert event.undo_until == later(10)


def test_what_may_not_be_replied_to_is_refused():
    with pytest.raises(NoAddress):
        queue(folded([opened(requester_email=None)]))
    ticket = replied("solve")
    with pytest.raises(TicketClosed):
        queue(folded(move(ticket, "closed", later(1)), ticket), OTHER)
    with pytest.raises(MessageUnknown):
        queue(ticket, OTHER, last_seen=OTHER)


def test_a_reply_that_has_not_seen_the_customers_last_message_is_stale():
    ticket = folded([opened()])
    newer = Message(OTHER, "customer", later(1), "<p>And</p>", "And")
    ticket = replace(ticket, messages=(*ticket.messages, newer))
    with pytest.raises(StaleReply) as refused:
        queue(ticket, last_seen=FIRST_MESSAGE)
    assert [m["id"] for m in refused.value.extra["newer"]] == [str(OTHER)]
    queue(ticket, last_seen=OTHER)


def test_at_most_ten_files_and_25_megabytes_of_this_ticket_go_out():
    many = folded([opened(), *(uploaded(n) for n in range(11))])
    with pytest.raises(TooManyAttachments):
        queue(many, attachment_ids=tuple(many.attachments))
    big = folded([opened(), uploaded(1, 20 * 1024**2), uploaded(2, 6 * 1024**2)])
    with pytest.raises(AttachmentsTooLarge) as refused:
        queue(big, attachment_ids=tuple(big.attachments))
    assert [s["size"] for s in refused.value.extra["sizes"]] == [20 * 1024**2, 6 * 1024**2]
    with pytest.raises(AttachmentNotHere):
        queue(folded([opened()]), attachment_ids=(OTHER,))


@pytest.mark.parametrize("then", ["wait", "solve"])
def test_a_failed_reply_reopens_its_ticket(then):
    ticket = replied(then)
    released = folded(release_reply(ticket, REPLY, later(10)), ticket)
    events = settle_reply(released, REPLY, Undelivered("smtp_550", 1), later(11))
    assert isinstance(events[-1], TicketReopenedV1)
    assert events[-1].by == "delivery_failed"
    after = folded(events, released)
    assert (after.status, after.replies[REPLY].code) == ("open", "smtp_550")


def test_a_held_reply_can_still_be_found_sent_or_failed():
    ticket = replied()
    released = folded(release_reply(ticket, REPLY, later(10)), ticket)
    held = folded(settle_reply(released, REPLY, Unclear("unknown_outcome", 1), START), released)
    assert held.replies[REPLY].state == "held"
    for outcome, state in ((Delivered("m@d", 2), "sent"), (Undelivered("smtp_550", 2), "failed")):
        assert folded(settle_reply(held, REPLY, outcome, START), held).replies[REPLY].state == state


@pytest.mark.parametrize("then", ["wait", "solve"])
def test_a_reply_that_came_back_reopens_its_ticket_once(then):
    ticket = replied(then)
    released = folded(release_reply(ticket, REPLY, later(10)), ticket)
    sent = folded(settle_reply(released, REPLY, Delivered("m@d", 1), later(11)), released)
    events = settle_reply(sent, REPLY, Returned("5.1.1"), later(99))
    back = folded(events, sent)
    assert (back.status, back.replies[REPLY].state) == ("open", "bounced")
    assert back.replies[REPLY].code == "5.1.1"
    assert settle_reply(back, REPLY, Returned("5.1.1"), later(100)) == ()
    assert settle_reply(back, REPLY, Delivered("m@d", 1), later(100)) == ()

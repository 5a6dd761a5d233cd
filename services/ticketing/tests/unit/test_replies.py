"""Replies: one outcome each."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from ticketing.domain.fold import fold
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


STEPS = st.lists(
    st.sampled_from(
        ["queue", "cancel", "release", "early", "sent", "failed", "held", "bounced", "move"]
    ),
    max_size=14,
)


def step(ticket, name, n):
    """One attempt as a process would make it; a refusal leaves the ticket alone."""
    at = later(n) if name == "early" else later(20 + n)
    outcomes = {
        "sent": Delivered("m@d", n),
        "failed": Undelivered("smtp_550", n),
        "held": Unclear("unknown_outcome", n),
        "bounced": Returned("5.1.1"),
    }
    try:
        if name == "queue":
            return () if REPLY in ticket.replies else queue(ticket, at=later(n), then="wait")
        if REPLY not in ticket.replies:
            return ()
        if name == "cancel":
            return cancel_reply(ticket, REPLY, "user:1", at)
        if name == "move":
            return move(ticket, "on_hold", at)
        if name in outcomes:
            return settle_reply(ticket, REPLY, outcomes[name], at)
        return release_reply(ticket, REPLY, at)
    except TooLate:
        return ()


@given(STEPS)
def test_any_interleaving_of_reply_undo_and_result_leaves_one_outcome(names):
    ticket = folded([opened()])
    events = []
    for n, name in enumerate(names):
        more = step(ticket, name, n)
        events += more
        ticket = folded(more, ticket)
    kinds = [e.TYPE.split(".")[2] for e in events]
    final = [k for k in kinds if k in ("reply_cancelled", "reply_sent", "reply_failed")]
    assert len(final) <= 1
    assert kinds.count("reply_bounced") <= 1
    if "reply_bounced" in kinds:
        assert final in ([], ["reply_sent"])
        assert ticket.replies[REPLY].state == "bounced"
        return
    assert kinds.count("reply_released") <= 1
    if "reply_cancelled" in kinds:
        assert "reply_released" not in kinds
    if final and final[0] != "reply_cancelled":
        assert kinds.index("reply_released") < kinds.index(final[0])
    if final:
        assert ticket.replies[REPLY].state == final[0].removeprefix("reply_")


@given(STEPS, st.data())
def test_folding_is_the_same_however_the_stream_is_cut(names, data):
    stream = [opened()]
    for n, name in enumerate(names):
        stream += step(folded(stream), name, n)
    whole = fold(enumerate(stream, 1))
    cut = data.draw(st.integers(0, len(stream)))
    first = fold(enumerate(stream[:cut], 1))
    assert fold(enumerate(stream[cut:], cut + 1), first) == whole == fold(enumerate(stream, 1))

"""Scheduling, changing, trying again, giving up; and law 5: one outcome whatever the order."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskstream_events.ticketing.reply import ReplyEditedV1, ReplyQueuedV1, ReplySentV1
from ticketing.domain.errors import (
    NotTroubled,
    SendTimeInvalid,
    TicketClosed,
    TicketingError,
    TooLate,
)
from ticketing.domain.fold import fold
from ticketing.domain.receiving import Incoming, receive
from ticketing.domain.removal import delete
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
from ticketing.domain.reply_changes import (
    discard_reply,
    edit_reply,
    retry_reply,
    schedule_reply,
    send_scheduled,
)
from ticketing.domain.transitions import move
from ticketing.testing import START, body, folded, later, opened, person, uploaded

REPLY = UUID("01900000-0000-7000-8000-00000000e001")
UNDO = timedelta(seconds=10)
AUTHOR = person()


def queue(ticket, at=START, **draft):
    return queue_reply(
        ticket, Draft(body(), **draft), reply_id=REPLY, author=AUTHOR, at=at, undo=UNDO
    )


def schedule(ticket, at=START, *, unless_answered=False, seconds=60, **draft):
    return schedule_reply(
        ticket,
        Draft(body(), **draft),
        reply_id=REPLY,
        author=AUTHOR,
        send_at=at + timedelta(seconds=seconds),
        unless_answered=unless_answered,
        at=at,
    )


def send(ticket, at):
    return send_scheduled(ticket, ticket, REPLY, author=AUTHOR, at=at)


def edit(ticket, at, text="Better", **draft):
    return edit_reply(
        ticket, ticket, REPLY, Draft(body(text), **draft), by="user:1", at=at, undo=UNDO
    )


def step(ticket, events):
    return folded(events, ticket) if events else ticket


def failed(ticket=None):
    ticket = ticket or folded([opened(), uploaded(1)])
    ticket = step(ticket, queue(ticket, attachment_ids=tuple(ticket.attachments)))
    ticket = step(ticket, release_reply(ticket, REPLY, later(10)))
    return step(ticket, settle_reply(ticket, REPLY, Undelivered("smtp_550", 1), later(11)))


def test_a_scheduled_reply_changes_nothing_until_it_goes_out():
    ticket = folded([opened()])
    waiting = step(ticket, schedule(ticket, then="wait"))
    assert (waiting.status, waiting.assignee_id) == ("new", None)
    assert waiting.replies[REPLY].state == "scheduled"
    assert send(waiting, later(59)) == ()
    gone = step(waiting, send(waiting, later(60)))
    assert (gone.status, gone.assignee_id) == ("waiting_customer", AUTHOR.id)
    assert gone.replies[REPLY].state == "released"
    assert [m.id for m in gone.messages].count(REPLY) == 1
    assert gone.messages[-1].at == later(60)


def test_a_scheduled_reply_can_be_taken_back_and_gives_way_to_the_customer_if_told_so():
    ticket = folded([opened()])
    waiting = step(ticket, schedule(ticket))
    assert (
        step(waiting, cancel_reply(waiting, REPLY, "user:1", later(1))).replies[REPLY].state
        == "cancelled"
    )
    mail = Incoming(UUID(int=1), body(), sender_email="cora@customer.test")
    assert step(waiting, receive(waiting, mail, later(1))).replies[REPLY].state == "scheduled"
    polite = step(ticket, schedule(ticket, unless_answered=True))
    assert step(polite, receive(polite, mail, later(1))).replies[REPLY].state == "cancelled"
    automatic = Incoming(UUID(int=1), body(), automatic=True)
    assert step(polite, receive(polite, automatic, later(1))).replies[REPLY].state == "scheduled"
    assert step(polite, delete(polite, "user:1", later(1))).replies[REPLY].state == "cancelled"


@pytest.mark.parametrize("seconds", [-1, 0, 367 * 86400])
def test_a_reply_is_scheduled_for_a_time_to_come_within_a_year(seconds):
    with pytest.raises(SendTimeInvalid):
        schedule(folded([opened()]), seconds=seconds)


def test_into_a_ticket_that_was_closed_meanwhile_nothing_is_sent():
    ticket = failed()
    other = UUID("01900000-0000-7000-8000-00000000e002")
    draft = Draft(body())
    planned = schedule_reply(
        ticket,
        draft,
        reply_id=other,
        author=AUTHOR,
        send_at=later(60),
        unless_answered=False,
        at=later(20),
    )
    ticket = step(ticket, planned)
    ticket = step(ticket, move(ticket, "closed", later(30)))
    after = step(ticket, send_scheduled(ticket, ticket, other, author=AUTHOR, at=later(60)))
    assert (after.replies[other].state, after.status) == ("failed", "closed")


def test_a_failed_reply_is_tried_again_as_it_is_written_now():
    ticket = failed()
    corrected = step(ticket, edit(ticket, later(20), to=("new@customer.test", None)))
    assert corrected.replies[REPLY].state == "failed"
    (again,) = retry_reply(corrected, corrected, REPLY, at=later(30), undo=UNDO)
    assert isinstance(again, ReplyQueuedV1)
    assert (again.to_email, again.body_text) == ("new@customer.test", "Better")
    assert again.undo_until == later(40)
    queued = step(corrected, (again,))
    assert (queued.replies[REPLY].state, queued.replies[REPLY].code) == ("queued", None)
    assert [m.body_text for m in queued.messages if m.id == REPLY] == ["Better"]


def test_only_what_failed_or_bounced_is_tried_again_or_given_up():
    ticket = folded([opened()])
    queued = step(ticket, queue(ticket))
    for attempt in (
        lambda: retry_reply(queued, queued, REPLY, at=later(1), undo=UNDO),
        lambda: discard_reply(queued, REPLY, "user:1", later(1)),
    ):
        with pytest.raises(NotTroubled):
            attempt()
    broken = failed()
    gone = step(broken, discard_reply(broken, REPLY, "user:1", later(20)))
    assert gone.replies[REPLY].state == "discarded"
    assert discard_reply(gone, REPLY, "user:1", later(21)) == ()
    closed = step(broken, move(broken, "closed", later(20)))
    with pytest.raises(TicketClosed):
        retry_reply(closed, closed, REPLY, at=later(30), undo=UNDO)


def test_changing_a_queued_reply_opens_its_undo_window_again_and_after_the_release_it_is_too_late():
    ticket = folded([opened()])
    queued = step(ticket, queue(ticket))
    (edited,) = edit(queued, later(8))
    assert isinstance(edited, ReplyEditedV1)
    changed = step(queued, (edited,))
    assert release_reply(changed, REPLY, later(17)) == ()
    assert changed.messages[-1].at == START
    released = step(changed, release_reply(changed, REPLY, later(18)))
    with pytest.raises(TooLate):
        edit(released, later(19))


NAMES = (
    "queue", "schedule", "due", "cancel", "release", "early", "sent", "failed", "held", "bounced",
    "move", "mail", "retry", "discard", "edit",
)  # fmt: skip
STEPS = st.lists(st.sampled_from(NAMES), max_size=20)


def attempt(ticket, name, n):
    at = later(n) if name == "early" else later(20 + 70 * n)
    outcomes = {
        "sent": Delivered("m@d", n),
        "failed": Undelivered("smtp_550", n),
        "held": Unclear("unknown_outcome", n),
        "bounced": Returned("5.1.1"),
    }
    if name in ("queue", "schedule"):
        begin = queue if name == "queue" else schedule
        return () if REPLY in ticket.replies else begin(ticket, at, then="wait")
    if name == "mail":
        mail = Incoming(UUID(int=100 + n), body(), sender_email="cora@customer.test")
        return receive(ticket, mail, at)
    if name == "move":
        return move(ticket, "on_hold", at)
    if REPLY not in ticket.replies:
        return ()
    if name in outcomes:
        return settle_reply(ticket, REPLY, outcomes[name], at)
    return {
        "due": lambda: send(ticket, at),
        "cancel": lambda: cancel_reply(ticket, REPLY, "user:1", at),
        "retry": lambda: retry_reply(ticket, ticket, REPLY, at=at, undo=UNDO),
        "discard": lambda: discard_reply(ticket, REPLY, "user:1", at),
        "edit": lambda: edit(ticket, at),
        "release": lambda: release_reply(ticket, REPLY, at),
        "early": lambda: release_reply(ticket, REPLY, at),
    }[name]()


def play(names):
    """The events of these attempts; a refusal leaves the ticket alone."""
    ticket = folded([opened()])
    events = [opened()]
    for n, name in enumerate(names):
        try:
            more = attempt(ticket, name, n)
        except TicketingError:
            continue
        events += more
        ticket = step(ticket, more)
    return ticket, events


@settings(max_examples=400)
@given(STEPS)
def test_any_interleaving_leaves_each_try_with_one_outcome(names):
    """Law 5: mailed once, cancelled, failed and visible, or held; never two of them."""
    ticket, events = play(names)
    kinds = [e.TYPE.split(".")[2].removeprefix("reply_") for e in events if "reply_" in e.TYPE]
    tries: list[list[str]] = []
    for kind in (k for k in kinds if k != "edited"):
        if kind == "queued" or not tries:
            tries.append([])
        tries[-1].append(kind)
    for first, *rest in tries:
        if first != "queued":
            continue
        ends = [k for k in rest if k in ("cancelled", "sent", "failed")]
        assert len(ends) <= 1
        assert rest.count("released") <= 1
        assert rest.count("bounced") <= 1
        if "cancelled" in rest:
            assert rest == ["cancelled"]
        if {"sent", "failed", "held", "bounced"} & {*rest}:
            assert rest[0] == "released"
    accepted = [e for e in events if isinstance(e, ReplySentV1)]
    assert len(accepted) <= 1 + kinds.count("bounced")
    if REPLY in ticket.replies:
        assert ticket.replies[REPLY].state in {"queued", "released", "scheduled", *kinds}
        assert [m.id for m in ticket.messages].count(REPLY) == 1


@given(STEPS, st.data())
def test_folding_is_the_same_however_the_stream_is_cut(names, data):
    _, stream = play(names)
    whole = fold(enumerate(stream, 1))
    cut = data.draw(st.integers(0, len(stream)))
    first = fold(enumerate(stream[:cut], 1))
    assert fold(enumerate(stream[cut:], cut + 1), first) == whole == fold(enumerate(stream, 1))

"""A message from queued to its fate."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from deskstream_events.notifier.message import (
    MessageHeldV1,
    MessageQueuedV1,
    MessageSentV1,
    MessageSuppressedV1,
)
from notifier.domain.addresses import Recipient
from notifier.domain.errors import NoSuchMessage
from notifier.domain.letter import Letter, message_id_for
from notifier.domain.message import Message

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def queued() -> Message:
    letter = Letter(
        message_id=uuid4(),
        kind="reply",
        to=(Recipient("ann@example.org", "Ann"),),
        cc=(Recipient("bob@example.org"),),
        ticket_id=uuid4(),
        reply_id=uuid4(),
    )
    return Message.queue(letter, mail_id="m@shop.test", at=AT)


def test_a_queued_message_names_its_recipients_and_its_reply() -> None:
    message = queued()
    (event,) = message.pending
    assert isinstance(event, MessageQueuedV1)
    assert (event.to, event.cc) == (("ann@example.org",), ("bob@example.org",))
    assert (event.reply_id, event.mail_id) == (message.reply_id, "m@shop.test")
    assert event.people() == ("mail:ann@example.org", "mail:bob@example.org")


def test_a_stored_message_folds_to_what_it_was() -> None:
    message = queued()
    message.held("unknown_outcome", at=AT, tries=1)
    again = Message.fold(message.message_id, message.pending)
    assert (again.status, again.version, again.reply_id) == ("held", 2, message.reply_id)


def test_a_sent_one_names_who_was_refused() -> None:
    message = queued()
    message.sent(at=AT, tries=2, refused=["bob@example.org"])
    event = message.pending[-1]
    assert isinstance(event, MessageSentV1)
    assert (event.refused, event.attempts, event.mail_id) == (
        ("bob@example.org",),
        2,
        "m@shop.test",
    )


def test_nothing_happens_to_a_message_after_its_fate() -> None:
    message = queued()
    message.sent(at=AT, tries=1)
    message.failed("smtp_550", at=AT, tries=2)
    message.held("unknown_outcome", at=AT, tries=2)
    message.suppressed("suppression", at=AT)
    assert [type(event) for event in message.pending] == [MessageQueuedV1, MessageSentV1]


def test_a_held_one_is_sent_when_a_person_says_so() -> None:
    message = queued()
    message.held("unknown_outcome", at=AT, tries=1)
    message.sent(at=AT, tries=1, confirmed_by_staff=True)
    held, sent = message.pending[-2:]
    assert isinstance(held, MessageHeldV1)
    assert isinstance(sent, MessageSentV1)
    assert sent.confirmed_by_staff


def test_a_suppressed_one_says_by_what() -> None:
    message = queued()
    message.suppressed("loop_cap_long", at=AT)
    event = message.pending[-1]
    assert isinstance(event, MessageSuppressedV1)
    assert event.source == "loop_cap_long"


def test_there_is_no_message_without_events() -> None:
    with pytest.raises(NoSuchMessage):
        Message.fold(uuid4(), [])


def test_a_fact_delivered_twice_means_the_same_message() -> None:
    fact, admin = uuid4(), uuid4()
    assert message_id_for("reply", fact) == message_id_for("reply", fact)
    assert message_id_for("reply", fact) != message_id_for("ticket_assigned", fact)
    assert message_id_for("admin_user_waiting", fact, admin) != message_id_for(
        "admin_user_waiting", fact, uuid4()
    )

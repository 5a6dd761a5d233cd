"""No address, name or word of a person in a log line or an error."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog

from deskstream_chassis.logs import configure_logs
from deskstream_events.ticketing.reply import ReplyQueuedV1, ReplyReleasedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1

MARKS = ("marked.ann@example.org", "Marked Ann", "marked-words", "marked subject")


@pytest.fixture
def lines() -> Any:
    """All that is logged."""
    stream = io.StringIO()
    configure_logs("notifier", "test", "debug", stream)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("trouble", ["none", "refused", "silent", "bad address"])
async def test_log_lines_name_nobody(desk: Any, lines: io.StringIO, trouble: str) -> None:
    mail, name, words, subject = MARKS
    address = f"{mail} not an address" if trouble == "bad address" else mail
    desk.server.silent_after_data = trouble == "silent"
    if trouble == "refused":
        desk.server.refuse[mail] = 550
    ticket = uuid4()
    opened = TicketOpenedV1(
        at=desk.now,
        ticket_id=ticket,
        number=17,
        channel="api",
        subject=subject,
        message_id=uuid4(),
        body_html=words,
        body_text=words,
        requester_name=name,
        requester_email=address,
        team_id=uuid4(),
        opened_by="key:k1",
    )
    queued = ReplyQueuedV1(
        at=desk.now,
        ticket_id=ticket,
        reply_id=uuid4(),
        author_id=uuid4(),
        author_name=name,
        body_html=words,
        body_text=words,
        to_email=address,
        to_name=name,
        undo_until=desk.now + timedelta(seconds=10),
        status_before="new",
    )
    released = ReplyReleasedV1(at=desk.now, ticket_id=ticket, reply_id=queued.reply_id)
    await desk.tell(ticket, opened, queued, released)
    await desk.work_off()
    text = lines.getvalue()
    assert "effect performed" in text
    assert [mark for mark in MARKS if mark in text] == []
    if trouble == "bad address":
        codes = [one.event.code for one in await desk.recorded() if "failed" in one.event.TYPE]
        assert codes == ["bad_address"] * 2

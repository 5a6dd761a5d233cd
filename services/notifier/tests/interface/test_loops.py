"""Machines that write to us for eleven hours: nobody is drowned, and people are still answered."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from mails.corpus import SUPPORT, head, raw

from deskstream_events.notifier.inbound import InboundMail, InboundReceivedV1
from deskstream_events.notifier.message import MessageSuppressedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from notifier.application.inbound import Delivered
from notifier.domain.caps import CAPS

MACHINE = "kim@customer.test"
SHAPES: tuple[dict[str, str], ...] = (
    {"Auto-Submitted": "auto-replied", "Subject": "Out of office"},
    {"Auto-Submitted": "auto-generated", "Subject": "[Ticket 17] received"},
    {"Precedence": "bulk"},
    {"Precedence": "list", "List-Id": "<news.customer.test>"},
    {"X-Autoreply": "yes"},
    {"X-Loop": "other-desk"},
    {"Return-Path": "<>"},
    {"From": SUPPORT},
)
UNMARKED = {"Subject": "Thank you for your request"}
"""What a careless ticket system sends: nothing tells that a machine wrote it."""


async def come_in(desk: Any, number: int, marks: dict[str, str], sender: str = MACHINE) -> Any:
    """By the receiver, and then what ticketing makes of it: a ticket, if it is no answer."""
    content = raw({**head(number), "From": sender, **marks}, f"words {number}")
    inbound = await desk.app.receive_mail(Delivered(SUPPORT, "smtp", sender, (SUPPORT,), content))
    async with desk.database.reading() as work:
        event = (await work.load(inbound))[0].event
    assert isinstance(event, InboundMail)
    if isinstance(event, InboundReceivedV1):
        await open_ticket(desk, number, event)
    return event


async def open_ticket(desk: Any, number: int, mail: InboundMail) -> None:
    """As ticketing tells it."""
    ticket = uuid4()
    opened = TicketOpenedV1(
        at=desk.now,
        ticket_id=ticket,
        number=number,
        channel="mail",
        subject=mail.subject,
        message_id=mail.inbound_id,
        body_html=mail.body_html,
        body_text=mail.body_text,
        requester_email=mail.from_email,
        team_id=uuid4(),
        opened_by="system:ticketing.mail",
        inbound_id=mail.inbound_id,
        automatic=mail.automatic is not None,
    )
    await desk.tell(ticket, opened)


def broken_caps(sent: dict[str, list[datetime]]) -> list[str]:
    """Recipients who got more than a cap allows in some window."""
    return [
        f"{recipient}: {cap.source}"
        for recipient, times in sent.items()
        for cap in CAPS
        for start in times
        if sum(start <= at < start + cap.window for at in times) > cap.most
    ]


@pytest.mark.timeout(300)
async def test_over_eleven_hours_both_caps_hold_for_each_and_people_are_answered(desk: Any) -> None:
    sent: dict[str, list[datetime]] = defaultdict(list)
    number, people = 0, []
    for quarter in range(44):
        for marks in (*SHAPES, *[UNMARKED] * 14):
            number += 1
            await come_in(desk, number, marks)
        if quarter % 11 == 10:
            number += 1
            people.append(f"human-{quarter}@customer.test")
            await come_in(desk, number, {"Subject": "A question"}, people[-1])
        done = len(desk.server.accepted)
        await desk.work_off()
        for mail in desk.server.accepted[done:]:
            for recipient in mail.recipients:
                sent[recipient].append(desk.now)
        desk.clock.advance(minutes=15)
    assert broken_caps(sent) == []
    assert len(sent[MACHINE]) > CAPS[1].most, "the caps are limits, not a ban"
    assert {one: len(sent[one]) for one in people} == dict.fromkeys(people, 1)
    assert set(sent) == {MACHINE, *people}
    events = [one.event for one in await desk.recorded()]
    sources = {one.source for one in events if isinstance(one, MessageSuppressedV1)}
    assert sources == {"loop_cap_short", "loop_cap_long"}


async def test_a_ticket_of_an_automatic_mail_is_not_acknowledged(desk: Any) -> None:
    for number, marks in enumerate(SHAPES, 1):
        event = await come_in(desk, number, marks)
        assert event.automatic is not None
    await desk.work_off()
    assert desk.server.accepted == []
    desk.clock.advance(seconds=timedelta(minutes=1).total_seconds())
    await come_in(desk, 99, {"Auto-Submitted": "no"})
    await desk.work_off()
    assert len(desk.server.accepted) == 1

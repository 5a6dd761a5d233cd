"""Delivery reports: whose they are, what they change, and what a forged one cannot do."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_events.notifier.inbound import InboundMail, InboundQuarantinedV1
from deskstream_events.notifier.message import MessageBouncedV1
from deskstream_events.ticketing.reply import ReplyQueuedV1, ReplyReleasedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from notifier.application.inbound import Delivered
from notifier.infra.db.screen import DbScreen

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"


async def reply_sent(desk: Any, *cc: str) -> str:
    """A reply to Ann went out; its Message-ID."""
    ticket, reply = uuid4(), uuid4()
    await desk.tell(
        ticket,
        TicketOpenedV1(
            at=desk.now,
            ticket_id=ticket,
            number=17,
            channel="api",
            subject="A drum",
            message_id=uuid4(),
            body_html="<p>x</p>",
            body_text="x",
            team_id=uuid4(),
            opened_by="key:k1",
        ),
        ReplyQueuedV1(
            at=desk.now,
            ticket_id=ticket,
            reply_id=reply,
            author_id=uuid4(),
            author_name="Mia",
            body_html="<p>y</p>",
            body_text="y",
            to_email=ANN,
            cc_emails=cc,
            undo_until=desk.now,
            status_before="new",
        ),
        ReplyReleasedV1(at=desk.now, ticket_id=ticket, reply_id=reply),
    )
    await desk.work_off()
    return str(desk.mails()[-1]["Message-ID"])


def report(mail_id: str, failed: str, status: str = "5.1.1", action: str = "failed") -> bytes:
    """As RFC 3464 has it, with the headers of the mail."""
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: support@shop.test\r\n"
        f"Message-ID: <{uuid4()}@mx.example.org>\r\nAuto-Submitted: auto-replied\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nIt did not arrive.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; {failed}\r\n"
        f"Action: {action}\r\nStatus: {status}\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n"
        f"\r\nMessage-ID: {mail_id}\r\n\r\n--b--\r\n"
    ).encode()


def old_report(mail_id: str, failed: str) -> bytes:
    """As qmail writes it: no standard, a habit."""
    return (
        "From: MAILER-DAEMON@mx.example.org\r\nTo: support@shop.test\r\n"
        f"Message-ID: <{uuid4()}@mx.example.org>\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at mx.example.org.\r\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        f"<{failed}>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        f"--- Below this line is a copy of the message.\r\n\r\nMessage-ID: {mail_id}\r\n\r\nx\r\n"
    ).encode()


async def come_in(desk: Any, content: bytes) -> InboundMail:
    """By a receiver."""
    inbound: UUID = await desk.app.receive_mail(
        Delivered("support@shop.test", "smtp", "", ("support@shop.test",), content)
    )
    async with desk.database.reading() as work:
        (fact,) = await work.load(inbound)
    assert isinstance(fact.event, InboundMail)
    return fact.event


async def shut_out(desk: Any, *addresses: str) -> frozenset[str]:
    """Which of them get no more mail."""
    async with desk.database.reading() as work:
        found: frozenset[str] = await DbScreen(desk.database.subjects).suppressed(work, addresses)
    return found


async def bounces(desk: Any) -> list[MessageBouncedV1]:
    return [one.event for one in await desk.recorded() if isinstance(one.event, MessageBouncedV1)]


@pytest.mark.parametrize("form", [report, old_report])
async def test_a_report_marks_the_message_and_shuts_the_address_out(desk: Any, form: Any) -> None:
    mail_id = await reply_sent(desk)
    event = await come_in(desk, form(mail_id, ANN.upper()))
    (bounced,) = await bounces(desk)
    assert (bounced.recipients, bounced.main_recipient) == ((ANN,), True)
    assert bounced.reply_id is not None
    assert event.bounce_of == bounced.message_id
    assert event.automatic == "bounce"
    assert await shut_out(desk, ANN) == {ANN}
    assert await desk.rows("select 1 from message where status = 'bounced'")


async def test_two_reports_of_one_address_are_one_fact(desk: Any) -> None:
    mail_id = await reply_sent(desk, BOB)
    for failed in (ANN, ANN, BOB):
        await come_in(desk, report(mail_id, failed))
    assert [one.recipients for one in await bounces(desk)] == [(ANN,), (BOB,)]
    assert [one.main_recipient for one in await bounces(desk)] == [True, False]


async def test_a_report_about_someone_else_changes_nothing(desk: Any) -> None:
    mail_id = await reply_sent(desk)
    await come_in(desk, report(mail_id, EVE))
    assert await bounces(desk) == []
    assert await shut_out(desk, ANN, EVE) == frozenset()


async def test_a_report_about_no_mail_of_ours_waits_for_a_person(desk: Any) -> None:
    event = await come_in(desk, report(f"<{uuid4()}@shop.test>", ANN))
    assert isinstance(event, InboundQuarantinedV1)
    assert event.cause == "bounce_unknown"
    assert await shut_out(desk, ANN) == frozenset()


async def test_a_full_mailbox_is_told_but_shuts_nobody_out(desk: Any) -> None:
    await come_in(desk, report(await reply_sent(desk), ANN, "5.2.2"))
    assert len(await bounces(desk)) == 1
    assert await shut_out(desk, ANN) == frozenset()


@pytest.mark.parametrize(("status", "action"), [("4.4.1", "delayed"), ("2.0.0", "delivered")])
async def test_a_delay_or_a_receipt_is_no_bounce(desk: Any, status: str, action: str) -> None:
    event = await come_in(desk, report(await reply_sent(desk), ANN, status, action))
    assert await bounces(desk) == []
    assert event.automatic == "auto_submitted"

"""A customer's mail program shows what he wrote and what we answered as one thread."""

from typing import Any
from uuid import UUID, uuid4

from mails.corpus import SUPPORT, head, raw

from deskstream_events.ticketing.incoming import MessageReceivedV1
from deskstream_events.ticketing.reply import ReplyQueuedV1, ReplyReleasedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from notifier.application.inbound import Delivered

KIM = "kim@customer.test"


async def came(desk: Any, number: int, **changes: str) -> UUID:
    """A mail of Kim's, taken."""
    content = raw({**head(number), **changes}, f"It leaks, {number}")
    inbound: UUID = await desk.app.receive_mail(
        Delivered(mailbox=SUPPORT, way="smtp", return_path=KIM, recipients=(SUPPORT,), raw=content)
    )
    return inbound


async def opened_by(desk: Any, inbound: UUID) -> UUID:
    ticket = uuid4()
    event = TicketOpenedV1(
        at=desk.now,
        ticket_id=ticket,
        number=17,
        channel="mail",
        subject="It leaks",
        message_id=uuid4(),
        body_html="<p>It leaks</p>",
        body_text="It leaks",
        requester_email=KIM,
        team_id=uuid4(),
        opened_by="system:ticketing",
        inbound_id=inbound,
    )
    await desk.tell(ticket, event)
    await desk.work_off()
    return ticket


async def wrote(desk: Any, ticket: UUID, inbound: UUID, *, automatic: bool = False) -> None:
    event = MessageReceivedV1(
        at=desk.now,
        ticket_id=ticket,
        message_id=uuid4(),
        sender_email=KIM,
        body_html="<p>Still</p>",
        body_text="Still",
        inbound_id=inbound,
        automatic=automatic,
    )
    await desk.tell(ticket, event)


async def answered(desk: Any, ticket: UUID) -> Any:
    """A reply goes out; the mail."""
    desk.clock.advance(minutes=1)
    queued = ReplyQueuedV1(
        at=desk.now,
        ticket_id=ticket,
        reply_id=uuid4(),
        author_id=uuid4(),
        author_name="Mia",
        body_html="<p>Turn it</p>",
        body_text="Turn it",
        to_email=KIM,
        undo_until=desk.now,
        status_before="open",
    )
    release = ReplyReleasedV1(at=desk.now, ticket_id=ticket, reply_id=queued.reply_id)
    await desk.tell(ticket, queued, release)
    await desk.work_off()
    desk.clock.advance(minutes=1)
    return desk.mails()[-1]


async def test_acknowledgement_and_reply_answer_the_mail_that_opened_the_ticket(desk: Any) -> None:
    ticket = await opened_by(desk, await came(desk, 1))
    mail = await answered(desk, ticket)
    for one in (desk.mails()[0], mail):
        assert one["In-Reply-To"] == "<1.corpus@customer.test>"
        assert one["References"].split() == [
            f"<ticket-{ticket}@shop.test>",
            "<1.corpus@customer.test>",
        ]


async def test_a_reply_answers_the_customers_newest_mail_below_all_before_it(desk: Any) -> None:
    ticket = await opened_by(desk, await came(desk, 1))
    first = await answered(desk, ticket)
    await wrote(desk, ticket, await came(desk, 2))
    mail = await answered(desk, ticket)
    assert mail["In-Reply-To"] == "<2.corpus@customer.test>"
    assert mail["References"].split() == [
        f"<ticket-{ticket}@shop.test>",
        "<1.corpus@customer.test>",
        desk.mails()[0]["Message-ID"],
        first["Message-ID"],
        "<2.corpus@customer.test>",
    ]


async def test_a_vacation_note_is_not_what_a_reply_answers(desk: Any) -> None:
    ticket = await opened_by(desk, await came(desk, 1))
    await wrote(desk, ticket, await came(desk, 2), automatic=True)
    assert (await answered(desk, ticket))["In-Reply-To"] == "<1.corpus@customer.test>"


async def test_mails_of_other_tickets_are_not_referred_to(desk: Any) -> None:
    ticket = await opened_by(desk, await came(desk, 1))
    other = await opened_by(desk, await came(desk, 2))
    assert "2.corpus" not in (await answered(desk, ticket))["References"]
    assert "1.corpus" not in (await answered(desk, other))["References"]


async def test_a_mail_that_is_not_known_here_is_left_out(desk: Any) -> None:
    ticket = await opened_by(desk, uuid4())
    mail = await answered(desk, ticket)
    assert mail["In-Reply-To"] == desk.mails()[0]["Message-ID"]


async def test_the_messages_of_a_ticket_are_kept_without_a_word_of_them(desk: Any) -> None:
    await opened_by(desk, await came(desk, 1))
    (row,) = await desk.rows("select * from customer_mail")
    assert "corpus" not in str(dict(row))

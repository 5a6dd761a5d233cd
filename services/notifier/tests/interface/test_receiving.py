"""Mail by SMTP: what 250 promises, what is refused, and what is put off."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiosmtplib
import pytest
from mails.all import corpus
from mails.corpus import SUPPORT, Expected, head, raw

from deskstream_events.notifier.inbound import (
    InboundMail,
    InboundQuarantinedV1,
    InboundReceivedV1,
)
from notifier.interface.smtp import Listening, Receive, Receiver

KIM = "kim@customer.test"


@asynccontextmanager
async def receiving(receive: Receive, *mailboxes: str) -> AsyncIterator[aiosmtplib.SMTP]:
    """A receiver, and somebody who is connected to it."""
    receiver = Receiver(Listening("127.0.0.1", 0, "shop.test"), mailboxes or (SUPPORT,), receive)
    stopping = asyncio.Event()
    running = asyncio.create_task(receiver.run(stopping))
    await receiver.ready.wait()
    try:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=receiver.port, timeout=60) as client:
            yield client
    finally:
        stopping.set()
        await running


async def hand_over(
    client: aiosmtplib.SMTP, content: bytes, *to: str, sender: str = KIM
) -> aiosmtplib.SMTPResponse:
    """One mail, its bytes as they are."""
    await client.mail(sender)
    for address in to or (SUPPORT,):
        await client.rcpt(address)
    return await client.data(content)


async def taken(desk: Any) -> list[InboundMail]:
    """What the store holds, in order."""
    return [one.event for one in await desk.recorded() if isinstance(one.event, InboundMail)]


async def test_a_mail_that_was_answered_250_is_in_store_and_bucket(desk: Any) -> None:
    content = raw(head(1), "It leaks")
    async with receiving(desk.app.receive_mail) as client:
        answer = await hand_over(client, content, "Support+tag@Shop.test")
    assert answer.code == 250
    (event,) = await taken(desk)
    assert isinstance(event, InboundReceivedV1)
    assert (event.mailbox, event.way, event.mail_id) == (SUPPORT, "smtp", "1.corpus@customer.test")
    assert (event.from_email, event.from_name) == (KIM, "Kim Customer")
    assert event.recipient_emails == ("Support+tag@Shop.test",)
    assert (event.body_text, event.body_html) == ("It leaks", "<p>It leaks</p>")
    assert await read(desk, event) == as_sent(content)
    assert desk.server.accepted == []


async def read(desk: Any, event: InboundMail) -> bytes:
    """The original, its hash checked."""
    found: bytes = await desk.bucket().read_verified(event.raw_key, event.raw_sha256, 10**8)
    return found


async def test_the_same_mail_twice_is_one_and_the_first_stays(desk: Any) -> None:
    async with receiving(desk.app.receive_mail) as client:
        for top in (b"Received: from a\r\n", b"Received: from b\r\n", b""):
            assert (await hand_over(client, top + raw(head(1), "It leaks"))).code == 250
    (event,) = await taken(desk)
    assert (await read(desk, event)).startswith(b"Received: from a")


async def test_two_at_the_same_moment_are_one(desk: Any) -> None:
    async with receiving(desk.app.receive_mail) as one, receiving(desk.app.receive_mail) as other:
        content = raw(head(1), "It leaks")
        answers = await asyncio.gather(hand_over(one, content), hand_over(other, content))
    assert [answer.code for answer in answers] == [250, 250]
    assert len(await taken(desk)) == 1


async def test_a_mail_to_two_of_our_mailboxes_is_one_for_each(desk: Any) -> None:
    to = (SUPPORT, "sales@shop.test", "support+x@shop.test")
    async with receiving(desk.app.receive_mail, SUPPORT, "sales@shop.test") as client:
        await hand_over(client, raw(head(1), "It leaks"), *to)
    assert [(one.mailbox, one.recipient_emails) for one in await taken(desk)] == [
        (SUPPORT, (SUPPORT, "support+x@shop.test")),
        ("sales@shop.test", ("sales@shop.test",)),
    ]


async def test_mail_for_others_is_not_ours_to_pass_on(desk: Any) -> None:
    async with receiving(desk.app.receive_mail) as client:
        await client.mail(KIM)
        with pytest.raises(aiosmtplib.SMTPRecipientRefused) as refused:
            await client.rcpt("kim@elsewhere.test")
    assert refused.value.code == 550


@pytest.mark.parametrize("error", [RuntimeError("kim@customer.test"), OSError(), TimeoutError()])
async def test_a_failure_of_ours_puts_the_sender_off_and_tells_nothing(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails(_: object) -> Any:
        raise error

    async with receiving(fails) as client:
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await hand_over(client, raw(head(1), "It leaks"))
    assert refused.value.code == 451
    assert KIM not in refused.value.message
    assert KIM not in "".join(capsys.readouterr())


async def test_more_than_48_mib_are_refused_before_they_are_sent(desk: Any) -> None:
    async with receiving(desk.app.receive_mail) as client:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await client.mail(KIM, options=[f"SIZE={49 * 1024 * 1024}"])
    assert refused.value.code == 552


async def test_a_bodys_lines_may_be_long(desk: Any) -> None:
    async with receiving(desk.app.receive_mail) as client:
        assert (await hand_over(client, raw(head(1), "x" * 200_000))).code == 250
    (event,) = await taken(desk)
    assert len(event.body_text) == 200_000


async def test_a_text_too_long_for_an_event_lies_whole_in_the_bucket(desk: Any) -> None:
    text = "a word and ä, " * 60_000
    async with receiving(desk.app.receive_mail) as client:
        await hand_over(client, raw(head(1), text))
    (event,) = await taken(desk)
    assert event.whole is not None
    whole = await desk.bucket().read_verified(event.whole.key, event.whole.sha256, 10**7)
    assert whole.decode() == text.strip()
    assert event.body_text == text[: 64 * 1024]


@pytest.mark.timeout(400)
async def test_of_five_hundred_mails_none_is_lost_and_each_original_is_kept(desk: Any) -> None:
    mails = list(corpus())
    async with receiving(desk.app.receive_mail) as client:
        for mail in mails:
            answer = await hand_over(client, mail.raw, *mail.recipients, sender=mail.sender)
            assert answer.code == 250, mail.name
    events = await taken(desk)
    originals = {event.raw_sha256: event for event in events}
    assert len(events) == len({as_sent(mail.raw) for mail in mails})
    for mail in mails:
        event = originals[hashlib.sha256(as_sent(mail.raw)).hexdigest()]
        assert await read(desk, event) == as_sent(mail.raw)
        _agrees(event, mail.expected)


def as_sent(content: bytes) -> bytes:
    """SMTP ends every line with CRLF, and the mail with a line's end."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return lines if lines.endswith(b"\r\n") else lines + b"\r\n"


def _agrees(event: InboundMail, expected: Expected) -> None:
    assert event.unreadable == expected.unreadable
    assert event.automatic == expected.automatic or expected.unreadable
    cause = event.cause if isinstance(event, InboundQuarantinedV1) else None
    assert cause == expected.quarantined
    if expected.files is not None:
        assert _names(event) == expected.files


def _names(event: InboundMail) -> Sequence[str]:
    return tuple(file.file_name for file in event.files)

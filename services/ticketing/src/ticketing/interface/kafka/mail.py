"""Mails that came in, as the notifier took and read them."""

from uuid import uuid5

from deskstream_events import topics
from deskstream_events.notifier import inbound
from deskstream_eventstore import Consumer, Fact, Work
from ticketing.application.ports import RawBody
from ticketing.application.receive_mail import ACTOR, ReceiveMail, ReceiveMailHandler
from ticketing.domain.mailed_files import MailedPart


def mail_consumer(receive: ReceiveMailHandler) -> Consumer:
    """Mails become messages and tickets; what is in quarantine is not ours, nor is a report about
    a mail of ours: the notifier has told what it means."""
    consumer = Consumer("ticketing.mail", (topics.INBOUND,))

    @consumer.on(inbound.InboundReceivedV1)
    async def when_mail_received(work: Work, fact: Fact[inbound.InboundReceivedV1]) -> None:
        if fact.event.bounce_of is None:
            await receive(work, _command(fact.event), fact.origin(ACTOR.ref))

    return consumer


def _command(event: inbound.InboundReceivedV1) -> ReceiveMail:
    whole = (event.whole.key, event.whole.sha256) if event.whole else None
    return ReceiveMail(
        inbound_id=event.inbound_id,
        mailbox=event.mailbox,
        at=event.at,
        subject=event.subject,
        body=RawBody(html=event.body_html or None, text=event.body_text),
        sender_email=event.from_email,
        sender_name=event.from_name,
        recipients=tuple(
            dict.fromkeys((*event.recipient_emails, *event.to_emails, *event.cc_emails))
        ),
        cc=_others(event),
        in_reply_to=event.in_reply_to,
        references=event.references,
        parts=tuple(
            MailedPart(
                attachment_id=uuid5(event.inbound_id, f"file {number}"),
                key=file.key,
                sha256=file.sha256,
                size=file.size,
                media_type=file.media_type,
                file_name=file.file_name,
                head=bytes.fromhex(file.head),
                content_id=file.content_id,
                original=event.unreadable,
            )
            for number, file in enumerate(event.files)
        ),
        whole=whole,
        automatic=event.automatic is not None,
        authenticated=event.authenticated,
        unreadable=event.unreadable,
    )


def _others(event: inbound.InboundReceivedV1) -> tuple[str, ...]:
    sender = (event.from_email or "").casefold()
    found = dict.fromkeys((*event.to_emails, *event.cc_emails))
    return tuple(address for address in found if address.casefold() != sender)[:MOST_COPIED]


MOST_COPIED = 50
"""As many as a request may name: a mail to hundreds is no conversation with them."""

"""Facts of replies: kept when queued or changed, mailed when released."""

from deskstream_events.ticketing.reply import (
    MailedFile,
    ReplyCancelledV1,
    ReplyDiscardedV1,
    ReplyEditedV1,
    ReplyQueuedV1,
    ReplyReleasedV1,
)
from deskstream_eventstore import Consumer, Fact, Work
from notifier.application.follow_tickets import FollowTickets, MailReply
from notifier.domain.addresses import Recipient
from notifier.domain.letter import Attached
from notifier.domain.ticket import PendingReply
from notifier.interface.kafka.cause import cause_of


def follow_replies(consumer: Consumer, tickets: FollowTickets) -> None:
    """Add the handlers."""

    @consumer.on(ReplyQueuedV1)
    async def when_reply_queued(work: Work, fact: Fact[ReplyQueuedV1]) -> None:
        await tickets.keep_reply(work, _reply(fact.event))

    @consumer.on(ReplyEditedV1)
    async def when_reply_edited(work: Work, fact: Fact[ReplyEditedV1]) -> None:
        await tickets.keep_reply(work, _reply(fact.event))

    @consumer.on(ReplyCancelledV1)
    async def when_reply_cancelled(work: Work, fact: Fact[ReplyCancelledV1]) -> None:
        await tickets.drop_reply(work, fact.event.reply_id)

    @consumer.on(ReplyDiscardedV1)
    async def when_reply_discarded(work: Work, fact: Fact[ReplyDiscardedV1]) -> None:
        await tickets.drop_reply(work, fact.event.reply_id)

    @consumer.on(ReplyReleasedV1)
    async def when_reply_released(work: Work, fact: Fact[ReplyReleasedV1]) -> None:
        command = MailReply(fact.event.ticket_id, fact.event.reply_id)
        await tickets.mail_reply(work, command, cause_of(fact))


def _reply(event: ReplyQueuedV1 | ReplyEditedV1) -> PendingReply:
    return PendingReply(
        reply_id=event.reply_id,
        ticket_id=event.ticket_id,
        author_name=event.author_name,
        body_html=event.body_html,
        body_text=event.body_text,
        to=Recipient(event.to_email, event.to_name),
        cc=event.cc_emails,
        files=tuple(_file(file) for file in event.files),
    )


def _file(file: MailedFile) -> Attached:
    return Attached(
        key=file.key,
        sha256=file.sha256,
        size=file.size,
        media_type=file.media_type,
        file_name=file.file_name,
    )

"""What became of the mails of replies, as the notifier tells."""

from typing import TypeVar

from deskstream_events import topics
from deskstream_events.notifier import message
from deskstream_eventstore import Consumer, Fact, Permanent, Work
from ticketing.application.remember_mail import RememberMail
from ticketing.application.settle_reply import ACTOR, SettleReply, SettleReplyHandler
from ticketing.domain.replies import Delivered, Outcome, Returned, Unclear, Undelivered

E = TypeVar("E", bound=message.MessageEvent)


def delivery_consumer(settle: SettleReplyHandler, remember: RememberMail) -> Consumer:
    """Turns the outcome of a reply's mail into the reply's; other mails are not ours."""
    consumer = Consumer("ticketing.delivery", (topics.MESSAGES,))
    _remembering(consumer, remember)

    async def settled(work: Work, fact: Fact[E], outcome: Outcome) -> None:
        event = fact.event
        if event.reply_id is None:
            return
        if event.ticket_id is None:
            raise Permanent("reply_without_ticket")
        command = SettleReply(event.ticket_id, event.reply_id, outcome, event.at)
        await settle(work, command, fact.origin(ACTOR.ref))

    @consumer.on(message.MessageSentV1)
    async def when_message_sent(work: Work, fact: Fact[message.MessageSentV1]) -> None:
        event = fact.event
        await settled(work, fact, Delivered(event.mail_id, event.attempts, event.refused))

    @consumer.on(message.MessageFailedV1)
    async def when_message_failed(work: Work, fact: Fact[message.MessageFailedV1]) -> None:
        await settled(work, fact, Undelivered(fact.event.code, fact.event.attempts))

    @consumer.on(message.MessageHeldV1)
    async def when_message_held(work: Work, fact: Fact[message.MessageHeldV1]) -> None:
        await settled(work, fact, Unclear(fact.event.code, fact.event.attempts))

    @consumer.on(message.MessageBouncedV1)
    async def when_message_bounced(work: Work, fact: Fact[message.MessageBouncedV1]) -> None:
        if fact.event.main_recipient:
            await settled(work, fact, Returned(fact.event.code))

    @consumer.on(message.MessageSuppressedV1)
    async def when_message_suppressed(work: Work, fact: Fact[message.MessageSuppressedV1]) -> None:
        await settled(work, fact, Undelivered("suppressed"))

    return consumer


def _remembering(consumer: Consumer, remember: RememberMail) -> None:
    @consumer.on(message.MessageQueuedV1)
    async def when_message_queued(work: Work, fact: Fact[message.MessageQueuedV1]) -> None:
        event = fact.event
        if event.ticket_id is not None and event.kind in ("reply", "ticket_acknowledged"):
            await remember(work, event.mail_id, event.ticket_id, event.reply_id)

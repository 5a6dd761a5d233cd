"""A delivery report: the message did not arrive, and its address gets no more mail."""

from uuid import UUID

from deskstream_chassis.clock import Clock
from deskstream_eventstore import Work
from notifier.application.inbound import Bounce
from notifier.application.ports import Screen
from notifier.domain.inbound import own_message, worth_suppressing
from notifier.domain.message import STREAM_TYPE, Message


class SettleBounce:
    """Runs in the transaction that records the report.

    A report counts for mails of ours alone, and for addresses that these went to: whoever forges
    one can shut out nobody but a recipient whose mail he has seen.
    """

    def __init__(self, screen: Screen, clock: Clock, domain: str) -> None:
        self._screen = screen
        self._clock = clock
        self._domain = domain

    async def __call__(self, work: Work, bounce: Bounce) -> UUID | None:
        """The message that it is about; None where it is none of ours."""
        for mail_id in bounce.mail_ids:
            message_id = own_message(mail_id, self._domain)
            facts = await work.load(message_id) if message_id else []
            if message_id is None or not facts or facts[0].stream_type != STREAM_TYPE:
                continue
            message = Message.fold(message_id, [fact.event for fact in facts])
            now = self._clock.now()
            missed = message.bounced(bounce.failed, bounce.code, at=now)
            if message.pending:
                work.append(STREAM_TYPE, message_id, message.version, message.pending)
            for address in missed if worth_suppressing(bounce.code) else ():
                await self._screen.suppress(work, address, "bounce", now, message_id)
            return message_id
        return None

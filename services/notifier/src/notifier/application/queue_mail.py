"""Plan one mail: letter, ledger row and event in the transaction of the fact that calls for it."""

from deskstream_chassis.clock import Clock
from deskstream_eventstore import Work, plan_effect
from notifier.application.cause import Cause, payload_of
from notifier.application.ports import Letters
from notifier.domain.letter import Letter
from notifier.domain.message import STREAM_TYPE, Message
from notifier.domain.threading import mail_id

KIND = "mail"


class QueueMail:
    """Nothing is mailed here: the dispatcher takes the row once it is committed.

    The key comes from the fact, so the same fact told twice plans one mail. A republished fact is
    recorded and muted, one older than 48 h is held for a person.
    """

    def __init__(self, letters: Letters, clock: Clock, domain: str) -> None:
        self._letters = letters
        self._clock = clock
        self._domain = domain

    async def __call__(self, work: Work, letter: Letter, cause: Cause) -> None:
        """Plan it unless it is planned already."""
        now = self._clock.now()
        if not await plan_effect(
            work,
            f"mail:{letter.message_id}",
            KIND,
            payload_of(letter.message_id, cause.origin),
            status=cause.standing,
            stream=(STREAM_TYPE, letter.message_id),
            origin=cause.origin,
        ):
            return
        await self._letters.put(work, letter)
        message = Message.queue(letter, mail_id=mail_id(letter.message_id, self._domain), at=now)
        if cause.standing != "pending":
            message.held("muted" if cause.standing == "muted" else "too_old", at=now, tries=0)
        work.append(STREAM_TYPE, letter.message_id, 0, message.pending, caused_by=cause.origin)

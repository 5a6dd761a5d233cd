"""Record what became of a mail: the event, and the end of its letter, with the ledger's result."""

from deskstream_chassis.clock import Clock
from deskstream_chassis.metrics import counter
from deskstream_eventstore import Effect, Failed, Outcome, Retry, Sent, Unknown, Work
from notifier.application.cause import message_of, origin_of
from notifier.application.ports import Letters
from notifier.application.send_mail import SUPPRESSED
from notifier.domain.letter import Letter
from notifier.domain.message import STREAM_TYPE, Message, SuppressedBy

NOTIFICATIONS = counter(
    "notifications_total", "Messages by what became of them.", "channel", "outcome"
)
SOURCES: dict[str, SuppressedBy] = {
    f"{SUPPRESSED}{source}": source for source in ("suppression", "loop_cap_short", "loop_cap_long")
}


class SettleMail:
    """Runs in the transaction that stores the ledger's result, so both are there or neither."""

    def __init__(self, letters: Letters, clock: Clock) -> None:
        self._letters = letters
        self._clock = clock

    async def __call__(self, work: Work, effect: Effect, outcome: Outcome) -> None:
        """A mail that waits for its next try records nothing; its letter stays, as a held one's."""
        if isinstance(outcome, Retry):
            NOTIFICATIONS.labels("mail", "postponed").inc()
            return
        message_id = message_of(effect)
        events = [fact.event for fact in await work.load(message_id)]
        message = Message.fold(message_id, events)
        letter = await self._letters.get(work, message_id)
        self._record(message, letter, effect, outcome)
        work.append(
            STREAM_TYPE,
            message_id,
            message.version,
            message.pending,
            caused_by=origin_of(effect),
        )
        if message.settled:
            await self._letters.drop(work, message_id)
        NOTIFICATIONS.labels("mail", message.status).inc()

    def _record(
        self, message: Message, letter: Letter | None, effect: Effect, outcome: Outcome
    ) -> None:
        now, tries = self._clock.now(), effect.attempts
        match outcome:
            case Sent():
                message.sent(
                    at=now,
                    tries=tries,
                    refused=_refused(letter, outcome),
                    confirmed_by_staff=outcome.confirmed_by_staff,
                )
            case Failed() if outcome.code in SOURCES:
                message.suppressed(SOURCES[outcome.code], at=now)
            case Failed():
                message.failed(outcome.code, at=now, tries=tries)
            case Unknown():
                message.held("unknown_outcome", at=now, tries=tries)


def _refused(letter: Letter | None, sent: Sent) -> list[str]:
    recipients = letter.recipients if letter else ()
    places = sent.detail.get("refused", ())
    return [recipients[place].address for place in places if place < len(recipients)]

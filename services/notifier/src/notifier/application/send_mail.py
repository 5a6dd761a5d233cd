"""One try to send one planned mail; runs outside any transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from opentelemetry.trace import SpanKind

from deskstream_chassis.clock import Clock
from deskstream_chassis.telemetry import continued
from deskstream_eventstore import Database, Effect, Failed, Outcome, Retry, Sent, Unknown
from notifier.application.cause import message_of, origin_of
from notifier.application.mail import Mail
from notifier.application.ports import Composer, Correspondence, Files, Letters, MailSender, Screen
from notifier.domain.delivery import (
    Accepted,
    Delivery,
    Postponed,
    Refused,
    pause_before_retry,
)
from notifier.domain.errors import FilesUnreachable, NotifierError
from notifier.domain.letter import Letter
from notifier.domain.threading import Thread, Written, thread

CLIENT = SpanKind.CLIENT
SUPPRESSED = "suppressed_by_"
"""Prefix of the codes that end a mail on purpose; what follows is the event's `source`."""


@dataclass(frozen=True)
class Desk:
    """What sending works with."""

    letters: Letters
    correspondence: Correspondence
    screen: Screen
    files: Files
    composer: Composer
    sender: MailSender
    clock: Clock
    domain: str


class SendMail:
    """Reads the letter, screens its recipients, writes the mail and hands it to the mail server.

    The letter's words and addresses never leave this call except to the mail server; the outcome
    holds codes, and recipients by their place in the letter.
    """

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database = database
        self._desk = desk

    async def __call__(self, effect: Effect) -> Outcome:
        """One try. Raises only what the database raises, before anything was sent."""
        message_id = message_of(effect)
        now = self._desk.clock.now()
        async with self._database.reading() as work:
            letter = await self._desk.letters.get(work, message_id)
            if letter is None:
                return Failed("letter_gone")
            if letter.expires_at is not None and letter.expires_at <= now:
                return Failed("link_expired")
            mails: list[Written] = []
            if letter.ticket_id is not None and letter.to_customer:
                mails = await self._desk.correspondence.of(work, letter.ticket_id)
            addresses = [one.address for one in letter.recipients]
            suppressed = await self._desk.screen.suppressed(work, addresses)
        if not addresses:
            return Failed("no_recipient")
        left_out = [n for n, address in enumerate(addresses) if address in suppressed]
        if len(left_out) == len(addresses):
            return Failed(f"{SUPPRESSED}suppression")
        if letter.automatic and (cap := await self._claim(letter, now)):
            return Failed(f"{SUPPRESSED}{cap}")
        return await self._deliver(effect, letter, left_out, self._thread(letter, mails), now)

    def _thread(self, letter: Letter, mails: Sequence[Written]) -> Thread:
        ticket_id = letter.ticket_id if letter.to_customer else None
        return thread(ticket_id, mails, self._desk.domain)

    async def _claim(self, letter: Letter, now: datetime) -> str | None:
        async with self._database.work() as work:
            for recipient in letter.recipients:
                cap = await self._desk.screen.claim(work, recipient.address, letter.message_id, now)
                if cap is not None:
                    return cap
        return None

    async def _deliver(
        self, effect: Effect, letter: Letter, left_out: list[int], thread: Thread, now: datetime
    ) -> Outcome:
        tries, origin = effect.attempts, origin_of(effect)
        try:
            mail = await self._write(effect, _without(letter, left_out), thread, now)
        except FilesUnreachable as error:
            return Retry(error.code, pause_before_retry(tries))
        except NotifierError as error:
            return Failed(error.code)
        with continued("smtp send", origin.traceparent, CLIENT) as span:
            span.set_attribute("messaging.message.id", mail.mail_id)
            span.set_attribute("deskstream.attempt", tries)
            delivery = await self._desk.sender.send(mail, tries=tries)
            span.set_attribute("deskstream.outcome", type(delivery).__name__.lower())
        return _outcome(delivery, mail, left_out, tries)

    async def _write(self, effect: Effect, letter: Letter, thread: Thread, now: datetime) -> Mail:
        files = [await self._desk.files.load(file) for file in letter.files]

        def compose() -> Mail:
            return self._desk.composer.compose(
                letter,
                thread,
                files,
                at=now,
                correlation_id=origin_of(effect).correlation_id,
            )

        return await asyncio.to_thread(compose) if files else compose()


def _without(letter: Letter, places: Sequence[int]) -> Letter:
    count = len(letter.to)
    return replace(
        letter,
        to=tuple(one for n, one in enumerate(letter.to) if n not in places),
        cc=tuple(one for n, one in enumerate(letter.cc, count) if n not in places),
    )


def _outcome(delivery: Delivery, mail: Mail, left_out: list[int], tries: int) -> Outcome:
    match delivery:
        case Accepted():
            refused = [*left_out, *_places(delivery, mail, left_out)]
            return Sent(mail.mail_id, {"refused": sorted(refused)})
        case Refused():
            return Failed(delivery.code)
        case Postponed():
            return Retry(delivery.code, pause_before_retry(tries))
        case _:
            return Unknown(delivery.code)


def _places(accepted: Accepted, mail: Mail, left_out: list[int]) -> list[int]:
    """Places in the letter of recipients refused by their places in the mail."""
    total = len(mail.recipients) + len(left_out)
    kept = [n for n in range(total) if n not in left_out]
    return [kept[refusal.recipient] for refusal in accepted.refused]

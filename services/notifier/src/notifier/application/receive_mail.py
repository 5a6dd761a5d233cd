"""Take a mail: raw mail and files into the bucket, then what it says as an event."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_chassis.metrics import counter
from deskstream_events.notifier.inbound import (
    InboundMail,
    InboundQuarantinedV1,
    InboundReceivedV1,
    StoredText,
)
from deskstream_eventstore import Database, Origin, Work, retrying
from notifier.application.cause import ACTOR
from notifier.application.inbound import Attic, Delivered, ReadMail, ReadsMail
from notifier.application.inbound_facts import file_of, taken
from notifier.application.settle_bounce import SettleBounce
from notifier.domain import inbound as rules
from notifier.domain.inbound import STREAM_TYPE, Authentication

INBOUND = counter("inbound_mails_total", "Mails taken, by what became of them.", "outcome")


@dataclass(frozen=True)
class House:
    """Which addresses are ours, and whose word on a sender counts."""

    mailboxes: tuple[str, ...]
    authserv_id: str | None = None


class ReceiveMail:
    """When it returns, mail and event are safe, once; when it raises, the sender shall try again.

    A mail that came before, by whichever way, is left as it was taken first.
    """

    def __init__(
        self,
        database: Database,
        read: ReadsMail,
        attic: Attic,
        settle_bounce: SettleBounce,
        clock: Clock,
        house: House,
    ) -> None:
        self._database = database
        self._read = read
        self._attic = attic
        self._settle_bounce = settle_bounce
        self._clock = clock
        self._house = house

    async def __call__(self, delivered: Delivered) -> UUID:
        """The mail's id. Raises FilesUnreachable and what the database raises."""
        mail = await asyncio.to_thread(self._read, delivered.raw)
        inbound_id = rules.inbound_id(delivered.mailbox, mail.mail_id, delivered.raw)
        async with self._database.reading() as work:
            if await work.load(inbound_id):
                INBOUND.labels("repeated").inc()
                return inbound_id
        sender, _ = mail.sender
        vouched = rules.authentication(mail.authentication_results, self._house.authserv_id, sender)
        fields = await self._keep(inbound_id, delivered, mail, vouched)
        outcome = await retrying(lambda: self._record(inbound_id, mail, vouched, fields))
        INBOUND.labels(outcome).inc()
        return inbound_id

    async def _keep(
        self, inbound_id: UUID, delivered: Delivered, mail: ReadMail, vouched: Authentication
    ) -> dict[str, Any]:
        marks = mail.marks
        if delivered.return_path == "":
            marks = replace(marks, null_return_path=True)
        judged = {
            "automatic": rules.automatic(marks, mail.sender[0], self._house.mailboxes),
            "authenticated": vouched.authenticated,
            "dmarc": vouched.dmarc,
        }
        raw = await self._attic.keep(inbound_id, "raw", delivered.raw)
        files = [
            file_of(await self._attic.keep(inbound_id, "file", file.content), file)
            for file in mail.files
        ]
        found = taken(inbound_id, delivered, mail, raw, tuple(files), judged)
        if found.fits():
            return found.whole()
        text = await self._attic.keep(inbound_id, "text", mail.body_text.encode())
        return found.shortened(StoredText(key=text.key, sha256=text.sha256, size=text.size))

    async def _record(
        self, inbound_id: UUID, mail: ReadMail, vouched: Authentication, fields: dict[str, Any]
    ) -> str:
        origin = Origin(actor=ACTOR, correlation_id=str(new_id()))
        async with self._database.work(origin) as work:
            if await work.load(inbound_id):
                return "repeated"
            event = await self._event(work, mail, vouched, fields)
            work.append(STREAM_TYPE, inbound_id, 0, [event])
        return event.TYPE.split(".")[2]

    async def _event(
        self, work: Work, mail: ReadMail, vouched: Authentication, fields: dict[str, Any]
    ) -> InboundMail:
        bounced = await self._settle_bounce(work, mail.bounce) if mail.bounce else None
        lost = mail.bounce is not None and bounced is None
        trust = rules.judged(vouched, len(mail.senders), lost_bounce=lost)
        told = {**fields, "at": self._clock.now(), "bounce_of": bounced}
        if trust == "received":
            return InboundReceivedV1(**told)
        return InboundQuarantinedV1(**told, cause=trust)

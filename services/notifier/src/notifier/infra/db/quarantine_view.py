"""Mails in quarantine, for those who decide about them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, tuple_

from deskstream_events.event import REDACTED
from deskstream_events.notifier.inbound import InboundQuarantinedV1, InboundReleasedV1
from deskstream_eventstore import Recorded, Work, compiled
from notifier.application.quarantine import Quarantined
from notifier.domain.inbound import STREAM_TYPE
from notifier.infra.db.tables import quarantined_mail as mail

PUT = compiled(insert(mail).values({c.name: bindparam(f"b_{c.name}") for c in mail.c}))
TAKE = compiled(delete(mail).where(mail.c.id == bindparam("b_id")))
WAITING = compiled(
    select(mail)
    .where(
        tuple_(mail.c.at, mail.c.id)
        > tuple_(
            bindparam("b_at", type_=mail.c.at.type), bindparam("b_after", type_=mail.c.id.type)
        )
    )
    .order_by(mail.c.at, mail.c.id)
    .limit(bindparam("b_limit"))
)


class QuarantineView:
    """`quarantined_mail`: one row a mail until it is released."""

    name = "quarantine"
    version = 1
    stream_types = frozenset({STREAM_TYPE})
    tables: tuple[str, ...] = ("quarantined_mail",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and its own rows alone."""
        match fact.event:
            case InboundQuarantinedV1() as event:
                known = None if event.from_email == REDACTED else event.from_email
                await PUT.execute(
                    work,
                    b_id=event.inbound_id,
                    b_cause=event.cause,
                    b_mailbox=event.mailbox,
                    b_from_email=known,
                    b_subject=event.subject,
                    b_size=event.raw_size,
                    b_files=len(event.files),
                    b_at=event.at,
                )
            case InboundReleasedV1() as event:
                await TAKE.execute(work, b_id=event.inbound_id)
            case _:
                return


class DbQuarantine:
    """See quarantine.Waiting."""

    async def list(
        self, work: Work, after: tuple[datetime, UUID], limit: int
    ) -> Sequence[Quarantined]:
        """See ports."""
        rows = await WAITING.fetch(work, b_at=after[0], b_after=after[1], b_limit=limit)
        return [Quarantined(**dict(row)) for row in rows]

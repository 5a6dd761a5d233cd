"""Which mails a ticket consists of."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from deskstream_events.event import REDACTED
from deskstream_events.notifier.inbound import InboundMail
from deskstream_eventstore import Work, compiled
from notifier.domain.threading import Written
from notifier.infra.db.tables import customer_mail, message

KEEP = compiled(
    insert(customer_mail)
    .values({c.name: bindparam(f"b_{c.name}") for c in customer_mail.c})
    .on_conflict_do_nothing()
)
MOST = 10
OURS = compiled(
    select(message.c.mail_id, message.c.changed_at)
    .where(
        message.c.ticket_id == bindparam("b_ticket_id"),
        message.c.status == "sent",
        (message.c.kind == "reply") | (message.c.kind == "ticket_acknowledged"),
    )
    .order_by(message.c.changed_at, message.c.id)
)
THEIRS = compiled(
    select(customer_mail.c.inbound_id, customer_mail.c.at)
    .where(customer_mail.c.ticket_id == bindparam("b_ticket_id"))
    .order_by(customer_mail.c.at.desc(), customer_mail.c.inbound_id)
    .limit(MOST)
)


class DbCorrespondence:
    """See ports.Correspondence. Message-IDs of customers stay in the mails' own streams, where
    redaction finds them."""

    async def keep(self, work: Work, ticket_id: UUID, inbound_id: UUID, at: datetime) -> None:
        """See ports."""
        await KEEP.execute(work, b_inbound_id=inbound_id, b_ticket_id=ticket_id, b_at=at)

    async def of(self, work: Work, ticket_id: UUID) -> list[Written]:
        """See ports; of the customers' the newest ten."""
        found = [
            (row["changed_at"], Written(row["mail_id"], ours=True))
            for row in await OURS.fetch(work, b_ticket_id=ticket_id)
        ]
        for row in await THEIRS.fetch(work, b_ticket_id=ticket_id):
            mail_id = await _mail_id(work, row["inbound_id"])
            if mail_id is not None:
                found.append((row["at"], Written(mail_id, ours=False)))
        return [one for _, one in sorted(found, key=lambda dated: (dated[0], dated[1].ours))]


async def _mail_id(work: Work, inbound_id: UUID) -> str | None:
    for fact in await work.load(UUID(bytes=inbound_id.bytes)):
        if isinstance(fact.event, InboundMail):
            mail_id = fact.event.mail_id
            return None if mail_id == REDACTED else mail_id
    return None

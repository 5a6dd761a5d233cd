"""Small look-ups in the read models."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, all_, any_, bindparam, literal_column, not_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_eventstore import Statement, Work, compiled
from ticketing.infra.db.tables import (
    attachment,
    mail_mark,
    participant,
    reply,
    ticket,
    ticket_number,
)

NEXT_NUMBER = compiled(select(ticket_number.next_value()))
BY_NUMBER = compiled(select(ticket.c.id).where(ticket.c.number == bindparam("b_number")))
TICKET_OF_FILE = compiled(
    select(attachment.c.ticket_id).where(attachment.c.id == bindparam("b_id"))
)


def _due(state: str) -> Statement:
    return compiled(
        select(reply.c.ticket_id, reply.c.id)
        .where(
            reply.c.state == literal_column(f"'{state}'"),
            reply.c.undo_until <= bindparam("b_now"),
            reply.c.id != all_(bindparam("b_leave", type_=ARRAY(Uuid))),
        )
        .order_by(reply.c.undo_until)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


DUE_REPLY, DUE_SCHEDULED = _due("queued"), _due("scheduled")
DUE_SNOOZE = compiled(
    select(ticket.c.id)
    .where(
        ticket.c.snoozed_until <= bindparam("b_now"),
        ticket.c.id != all_(bindparam("b_leave", type_=ARRAY(Uuid))),
    )
    .order_by(ticket.c.snoozed_until)
    .limit(1)
    .with_for_update(skip_locked=True)
)
SOLVED_BEFORE = compiled(
    select(ticket.c.id)
    .where(
        ticket.c.status == literal_column("'solved'"),
        ticket.c.aside.is_(None),
        not_(ticket.c.deleted),
        ticket.c.status_since <= bindparam("b_then"),
        ticket.c.id != all_(bindparam("b_leave", type_=ARRAY(Uuid))),
    )
    .order_by(ticket.c.status_since)
    .limit(1)
    .with_for_update(skip_locked=True)
)
KEPT_KEYS = compiled(
    select(attachment.c.key).where(attachment.c.key == any_(bindparam("b_keys", type_=ARRAY(Text))))
)
OF_MAIL = compiled(
    select(mail_mark.c.ticket_id, mail_mark.c.reply_id).where(
        mail_mark.c.mail_id == bindparam("b_mail_id")
    )
)
MARK_MAIL = compiled(
    insert(mail_mark)
    .values({c.name: bindparam(f"b_{c.name}") for c in mail_mark.c})
    .on_conflict_do_nothing()
)
PARTICIPANTS = compiled(
    select(participant.c.email).where(
        participant.c.ticket_id == any_(bindparam("b_tickets", type_=ARRAY(Uuid)))
    )
)
BIGGEST = 2**31 - 1


class PostgresIndex:
    """Index over the read models."""

    async def next_number(self, work: Work) -> int:
        """From a sequence: never handed out twice, also where the transaction fails."""
        return int(await NEXT_NUMBER.value(work))

    async def by_number(self, work: Work, number: int) -> UUID | None:
        """By the unique key."""
        if number > BIGGEST:
            return None
        found: UUID | None = await BY_NUMBER.value(work, b_number=number)
        return found

    async def ticket_of_attachment(self, work: Work, attachment_id: UUID) -> UUID | None:
        """By the file's id."""
        found: UUID | None = await TICKET_OF_FILE.value(work, b_id=attachment_id)
        return found

    async def ticket_of_mail(self, work: Work, mail_id: str) -> tuple[UUID, UUID | None] | None:
        """By the primary key."""
        row = await OF_MAIL.row(work, b_mail_id=mail_id)
        return None if row is None else (row["ticket_id"], row["reply_id"])

    async def mark_mail(
        self, work: Work, mail_id: str, ticket_id: UUID, reply_id: UUID | None
    ) -> None:
        """Once for each."""
        await MARK_MAIL.execute(work, b_mail_id=mail_id, b_ticket_id=ticket_id, b_reply_id=reply_id)

    async def participants(self, work: Work, tickets: Sequence[UUID]) -> frozenset[str]:
        """In one statement."""
        rows = await PARTICIPANTS.fetch(work, b_tickets=list(tickets))
        return frozenset(row["email"] for row in rows)

    async def take_due_reply(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """`for update skip locked`: processes share the work without waiting for each other."""
        row = await DUE_REPLY.row(work, b_now=now, b_leave=list(leave))
        return None if row is None else (row["ticket_id"], row["id"])

    async def take_due_scheduled(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """As take_due_reply."""
        row = await DUE_SCHEDULED.row(work, b_now=now, b_leave=list(leave))
        return None if row is None else (row["ticket_id"], row["id"])

    async def take_due_snooze(
        self, work: Work, now: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """`for update skip locked`, as take_due_reply."""
        row = await DUE_SNOOZE.row(work, b_now=now, b_leave=list(leave))
        return None if row is None else (row["id"], row["id"])

    async def take_solved_before(
        self, work: Work, then: datetime, leave: Collection[UUID] = ()
    ) -> tuple[UUID, UUID] | None:
        """`for update skip locked`, as take_due_reply."""
        row = await SOLVED_BEFORE.row(work, b_then=then, b_leave=list(leave))
        return None if row is None else (row["id"], row["id"])

    async def kept_keys(self, work: Work, keys: Sequence[str]) -> frozenset[str]:
        """In one statement."""
        return frozenset(row["key"] for row in await KEPT_KEYS.fetch(work, b_keys=list(keys)))

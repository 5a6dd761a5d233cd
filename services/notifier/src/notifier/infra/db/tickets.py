"""The replica of tickets, and replies that wait for their release."""

from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, select

from deskstream_eventstore import SubjectHasher, Work, compiled
from notifier.domain.addresses import Recipient
from notifier.domain.ticket import PendingReply, Ticket
from notifier.infra.db.tables import pending_reply, ticket
from notifier.infra.db.upsert import put

KEEP = put(ticket)
FIND = compiled(select(ticket).where(ticket.c.id == bindparam("b_id")))
KEEP_REPLY = put(pending_reply)
TAKE_REPLY = compiled(
    delete(pending_reply)
    .where(pending_reply.c.id == bindparam("b_id"))
    .returning(pending_reply.c.content)
)
REPLY = TypeAdapter(PendingReply)


class DbTickets:
    """See ports.Tickets."""

    def __init__(self, subjects: SubjectHasher) -> None:
        self._subjects = subjects

    async def keep(self, work: Work, ticket: Ticket) -> None:
        """See ports."""
        requester = ticket.requester
        await KEEP.execute(
            work,
            b_id=ticket.ticket_id,
            b_number=ticket.number,
            b_subject=ticket.subject,
            b_team_id=ticket.team_id,
            b_requester_name=requester.name if requester else None,
            b_requester_email=requester.address if requester else None,
            b_cc=list(ticket.cc),
        )

    async def find(self, work: Work, ticket_id: UUID) -> Ticket | None:
        """See ports."""
        row = await FIND.row(work, b_id=ticket_id)
        if row is None:
            return None
        address = row["requester_email"]
        return Ticket(
            ticket_id=ticket_id,
            number=row["number"],
            subject=row["subject"],
            team_id=UUID(bytes=row["team_id"].bytes),
            requester=Recipient(address, row["requester_name"]) if address else None,
            cc=tuple(row["cc"]),
        )

    async def keep_reply(self, work: Work, reply: PendingReply) -> None:
        """See ports."""
        people = tuple(f"mail:{address}" for address in (reply.to.address, *reply.cc))
        await KEEP_REPLY.execute(
            work,
            b_id=reply.reply_id,
            b_ticket_id=reply.ticket_id,
            b_content=REPLY.dump_python(reply, mode="json"),
            b_subjects=list(self._subjects.hashes(people)),
        )

    async def take_reply(self, work: Work, reply_id: UUID) -> PendingReply | None:
        """See ports."""
        content = await TAKE_REPLY.value(work, b_id=reply_id)
        return None if content is None else REPLY.validate_python(content)

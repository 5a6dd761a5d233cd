"""Who takes part in a ticket by mail, found by address."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from deskstream_events.event import REDACTED, Event
from deskstream_events.ticketing import reply, ticket
from deskstream_eventstore import Recorded, Work, compiled
from ticketing.infra.db.tables import participant

_ROW: dict[str, Any] = {c.name: bindparam(f"b_{c.name}") for c in participant.c}
ADD = compiled(insert(participant).values(_ROW).on_conflict_do_nothing())
REMOVE = compiled(
    delete(participant).where(
        participant.c.ticket_id == bindparam("b_ticket_id"),
        participant.c.email == bindparam("b_email"),
        participant.c.kind != "requester",
    )
)


class ParticipantView:
    """`participant`: requester, cc and bcc; whoever a reply was copied to stays."""

    name = "participant"
    version = 1
    stream_types = frozenset({"ticketing.ticket"})
    tables: tuple[str, ...] = ("participant",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and the rows of its ticket alone."""
        for kind, email in _joined(fact.event):
            if email != REDACTED:
                await ADD.execute(
                    work, b_ticket_id=fact.stream_id, b_kind=kind, b_email=email.casefold()
                )
        if isinstance(fact.event, ticket.ParticipantRemovedV1):
            await REMOVE.execute(
                work, b_ticket_id=fact.stream_id, b_email=fact.event.email.casefold()
            )


def _joined(event: Event) -> Iterator[tuple[str, str]]:
    match event:
        case ticket.TicketOpenedV1(requester_email=email, cc_emails=copied):
            if email is not None:
                yield "requester", email
            yield from (("cc", address) for address in copied)
        case ticket.ParticipantAddedV1(kind=kind, email=email):
            yield kind, email
        case reply.ReplyQueuedV1(cc_emails=copied) | reply.ReplyEditedV1(cc_emails=copied):
            yield from (("cc", address) for address in copied)
        case _:
            return

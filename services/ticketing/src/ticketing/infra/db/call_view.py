"""Calls in lists; notes are not here: they are in the events."""

from sqlalchemy import bindparam, insert, update

from deskstream_events.ticketing.call import CallLinkedV1, CallRecordedV1
from deskstream_eventstore import Recorded, Work, compiled
from ticketing.infra.db.tables import call

_TOLD = tuple(c.name for c in call.c if c.name not in ("id", "ticket_id"))
INSERT = compiled(insert(call).values({name: bindparam(f"b_{name}") for name in ("id", *_TOLD)}))
LINK = compiled(
    update(call).where(call.c.id == bindparam("b_id")).values(ticket_id=bindparam("b_ticket_id"))
)


class CallView:
    """`call`: one row a call."""

    name = "call"
    version = 1
    stream_types = frozenset({"ticketing.call"})
    tables: tuple[str, ...] = ("call",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and the row of its call alone."""
        event = fact.event
        if isinstance(event, CallRecordedV1):
            told = {f"b_{name}": getattr(event, name) for name in _TOLD}
            await INSERT.execute(work, b_id=event.call_id, **told)
        elif isinstance(event, CallLinkedV1):
            await LINK.execute(work, b_id=event.call_id, b_ticket_id=event.ticket_id)

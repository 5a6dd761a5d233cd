"""Where each reply stands: what the undo timer and the list of troubled replies look at."""

from datetime import datetime

from sqlalchemy import bindparam, func, update
from sqlalchemy.dialects.postgresql import insert

from deskstream_events.ticketing import reply as events
from deskstream_eventstore import Recorded, Work, compiled
from ticketing.infra.db.tables import reply

_new = insert(reply).values(
    id=bindparam("b_id"),
    ticket_id=bindparam("b_ticket_id"),
    author_id=bindparam("b_author_id"),
    state=bindparam("b_state"),
    queued_at=bindparam("b_at"),
    undo_until=bindparam("b_undo_until"),
    changed_at=bindparam("b_at"),
    code=None,
    mail_id=None,
    attempts=None,
)
BEGIN = compiled(
    _new.on_conflict_do_update(
        index_elements=[reply.c.id],
        set_={c.name: _new.excluded[c.name] for c in reply.c if c.name != "id"},
    )
)
EDIT = compiled(
    update(reply)
    .where(reply.c.id == bindparam("b_id"))
    .values(
        changed_at=bindparam("b_at"),
        undo_until=func.coalesce(
            bindparam("b_until", type_=reply.c.undo_until.type), reply.c.undo_until
        ),
    )
)
MOVE = compiled(
    update(reply)
    .where(reply.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        changed_at=bindparam("b_at"),
        code=bindparam("b_code"),
        mail_id=bindparam("b_mail_id"),
        attempts=func.coalesce(
            bindparam("b_attempts", type_=reply.c.attempts.type), reply.c.attempts
        ),
    )
)
STATES = {
    events.ReplyCancelledV1: "cancelled",
    events.ReplyReleasedV1: "released",
    events.ReplySentV1: "sent",
    events.ReplyFailedV1: "failed",
    events.ReplyHeldV1: "held",
    events.ReplyBouncedV1: "bounced",
    events.ReplyDiscardedV1: "discarded",
}


class ReplyView:
    """`reply`: one row each."""

    name = "reply"
    version = 1
    stream_types = frozenset({"ticketing.ticket"})
    tables: tuple[str, ...] = ("reply",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact and the row alone."""
        event = fact.event
        if isinstance(event, events.ReplyQueuedV1):
            await self._begin(work, event, "queued", event.undo_until)
        elif isinstance(event, events.ReplyScheduledV1):
            await self._begin(work, event, "scheduled", event.send_at)
        elif isinstance(event, events.ReplyEditedV1):
            await EDIT.execute(work, b_id=event.reply_id, b_at=event.at, b_until=event.undo_until)
        elif isinstance(event, events.ReplyEvent):
            await MOVE.execute(
                work,
                b_id=event.reply_id,
                b_state=STATES[type(event)],
                b_at=event.at,
                b_code=getattr(event, "code", None),
                b_mail_id=getattr(event, "mail_id", None),
                b_attempts=getattr(event, "attempts", None),
            )

    @staticmethod
    async def _begin(
        work: Work,
        event: events.ReplyQueuedV1 | events.ReplyScheduledV1,
        state: str,
        until: datetime,
    ) -> None:
        await BEGIN.execute(
            work,
            b_state=state,
            b_id=event.reply_id,
            b_ticket_id=event.ticket_id,
            b_author_id=event.author_id,
            b_at=event.at,
            b_undo_until=until,
        )

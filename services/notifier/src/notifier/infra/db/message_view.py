"""Messages and what became of them: no word and no address of a person is in this view."""

from typing import Any

from sqlalchemy import bindparam, func, insert, update

from deskstream_events.notifier.message import (
    MessageBouncedV1,
    MessageFailedV1,
    MessageHeldV1,
    MessageQueuedV1,
    MessageSentV1,
    MessageSuppressedV1,
)
from deskstream_eventstore import Recorded, Work, compiled
from notifier.domain.message import STREAM_TYPE
from notifier.infra.db.tables import message

QUEUE = compiled(insert(message).values({c.name: bindparam(f"b_{c.name}") for c in message.c}))
CHANGE = compiled(
    update(message)
    .where(message.c.id == bindparam("b_id"))
    .values(
        status=bindparam("b_status"),
        code=bindparam("b_code"),
        attempts=func.coalesce(
            bindparam("b_attempts", type_=message.c.attempts.type), message.c.attempts
        ),
        changed_at=bindparam("b_changed_at"),
    )
)


class MessageView:
    """`message`: one row a message."""

    name = "message"
    version = 1
    stream_types = frozenset({STREAM_TYPE})
    tables: tuple[str, ...] = ("message",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """Depends on the fact alone."""
        match fact.event:
            case MessageQueuedV1() as event:
                await QUEUE.execute(
                    work,
                    b_id=event.message_id,
                    b_kind=event.kind,
                    b_ticket_id=event.ticket_id,
                    b_reply_id=event.reply_id,
                    b_mail_id=event.mail_id,
                    b_status="queued",
                    b_code=None,
                    b_attempts=0,
                    b_queued_at=event.at,
                    b_changed_at=event.at,
                )
            case MessageSentV1() as event:
                await self._change(work, event, "sent", None, event.attempts)
            case MessageFailedV1() as event:
                await self._change(work, event, "failed", event.code, event.attempts)
            case MessageHeldV1() as event:
                await self._change(work, event, "held", event.code, event.attempts)
            case MessageBouncedV1() as event:
                await self._change(work, event, "bounced", event.code, None)
            case MessageSuppressedV1() as event:
                await self._change(work, event, "suppressed", event.source, 0)
            case _:
                return

    async def _change(
        self, work: Work, event: Any, status: str, code: str | None, attempts: int | None
    ) -> None:
        await CHANGE.execute(
            work,
            b_id=event.message_id,
            b_status=status,
            b_code=code,
            b_attempts=attempts,
            b_changed_at=event.at,
        )

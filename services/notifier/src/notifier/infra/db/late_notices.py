"""Notices of assignments that wait for a person's approval."""

from uuid import UUID

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import Work, compiled
from notifier.application.ports import LateNotice
from notifier.infra.db.tables import late_notice

KEEP = compiled(
    insert(late_notice)
    .values({c.name: bindparam(f"b_{c.name}") for c in late_notice.c})
    .on_conflict_do_nothing()
)
TAKE = compiled(
    delete(late_notice)
    .where(late_notice.c.user_id == bindparam("b_user_id"))
    .returning(late_notice)
)


class DbLateNotices:
    """See ports.LateNotices."""

    async def keep(self, work: Work, notice: LateNotice) -> None:
        """See ports."""
        await KEEP.execute(
            work,
            b_event_id=notice.event_id,
            b_user_id=notice.user_id,
            b_ticket_id=notice.ticket_id,
            b_assigned_by=notice.assigned_by,
            b_at=notice.at,
            b_standing=notice.standing,
            b_correlation_id=notice.correlation_id,
            b_traceparent=notice.traceparent,
        )

    async def take(self, work: Work, user_id: UUID) -> list[LateNotice]:
        """See ports."""
        rows = await TAKE.fetch(work, b_user_id=user_id)
        notices = [
            LateNotice(
                user_id=user_id,
                ticket_id=UUID(bytes=row["ticket_id"].bytes),
                assigned_by=row["assigned_by"],
                event_id=UUID(bytes=row["event_id"].bytes),
                at=row["at"],
                standing=row["standing"],
                correlation_id=row["correlation_id"],
                traceparent=row["traceparent"],
            )
            for row in rows
        ]
        return sorted(notices, key=lambda notice: notice.at)

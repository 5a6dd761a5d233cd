"""The list of suppressed addresses."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, select, tuple_

from deskstream_eventstore import Work, compiled
from notifier.application.suppressions import Suppression
from notifier.infra.db.tables import message
from notifier.infra.db.tables import suppressed_address as address

LIST = compiled(
    select(
        address.c.id,
        address.c.reason,
        address.c.since,
        address.c.message_id,
        message.c.ticket_id,
    )
    .select_from(address.outerjoin(message, message.c.id == address.c.message_id))
    .where(
        tuple_(address.c.since, address.c.id)
        > tuple_(
            bindparam("b_since", type_=address.c.since.type),
            bindparam("b_after", type_=address.c.id.type),
        )
    )
    .order_by(address.c.since, address.c.id)
    .limit(bindparam("b_limit"))
)
LIFT = compiled(delete(address).where(address.c.id == bindparam("b_id")).returning(address.c.id))


class DbSuppressions:
    """See suppressions.Suppressions."""

    async def list(
        self, work: Work, after: tuple[datetime, UUID], limit: int
    ) -> Sequence[Suppression]:
        """See ports."""
        rows = await LIST.fetch(work, b_since=after[0], b_after=after[1], b_limit=limit)
        return [Suppression(**dict(row)) for row in rows]

    async def lift(self, work: Work, suppression_id: UUID) -> bool:
        """See ports."""
        return await LIFT.value(work, b_id=suppression_id) is not None

"""Which mails of ours belong to a ticket, so that answers to them find it."""

from uuid import UUID

from deskstream_eventstore import Work
from ticketing.application.ports import Index


class RememberMail:
    """Runs inside the consumer's transaction, before the mail can have been answered."""

    def __init__(self, index: Index) -> None:
        self._index = index

    async def __call__(
        self, work: Work, mail_id: str, ticket_id: UUID, reply_id: UUID | None
    ) -> None:
        """`mail_id` without angle brackets; `reply_id` None for an acknowledgement."""
        await self._index.mark_mail(work, mail_id, ticket_id, reply_id)

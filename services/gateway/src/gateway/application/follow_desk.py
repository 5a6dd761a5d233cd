"""What the services publish becomes entries of the feed, and facts to show them by."""

from uuid import UUID

from deskstream_chassis.replica import TicketReplica
from deskstream_events.event import Event
from deskstream_events.notifier.message import MessageEvent
from deskstream_events.ticketing.ticket import TicketEvent
from deskstream_eventstore import Work
from gateway.application.desk import FeedWriter


class FollowDesk:
    """Facts first, the entry after them, in one transaction: who sees an entry sees it by facts
    that are at least as new. Mails that concern no ticket make no entry."""

    def __init__(self, feed: FeedWriter, tickets: TicketReplica) -> None:
        self._feed, self._tickets = feed, tickets

    async def happened(self, work: Work, event: Event, stream_id: UUID, version: int) -> None:
        """One event."""
        await self._tickets.apply(work, event)
        ticket_id = event.ticket_id if isinstance(event, TicketEvent | MessageEvent) else None
        if ticket_id is None and isinstance(event, MessageEvent):
            return
        await self._feed.write(work, event.TYPE, stream_id, version, ticket_id)

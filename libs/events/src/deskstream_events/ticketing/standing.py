"""What lies on top of a ticket's state or takes it aside, and who follows it. Key: ticket id."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import Instant, registry
from deskstream_events.ticketing.ticket import TicketEvent


@registry.event("ticketing.ticket.snoozed.v1")
class TicketSnoozedV1(TicketEvent):
    """Out of sight until then; its state stays."""

    until: Instant
    snoozed_by: str


@registry.event("ticketing.ticket.snooze_ended.v1")
class SnoozeEndedV1(TicketEvent):
    """In sight again. What solves, closes or takes a ticket aside ends its snooze without this."""

    cause: Literal["due", "customer", "staff"]


@registry.event("ticketing.ticket.marked_spam.v1")
class TicketMarkedSpamV1(TicketEvent):
    """Taken aside; the state below stays."""

    marked_by: str


@registry.event("ticketing.ticket.deleted.v1")
class TicketDeletedV1(TicketEvent):
    """Taken away from everybody but managers and admins; nothing is erased."""

    deleted_by: str


@registry.event("ticketing.ticket.restored.v1")
class TicketRestoredV1(TicketEvent):
    """It was deleted, or spam, by mistake: as before."""

    was: Literal["deleted", "spam"]
    restored_by: str


@registry.event("ticketing.ticket.shared.v1")
class TicketSharedV1(TicketEvent):
    """This member of staff may see and work it, also outside his teams (never a restricted one)."""

    user_id: UUID
    shared_by: str


@registry.event("ticketing.ticket.unshared.v1")
class TicketUnsharedV1(TicketEvent):
    """No longer by sharing."""

    user_id: UUID


@registry.event("ticketing.ticket.watched.v1")
class TicketWatchedV1(TicketEvent):
    """This member of staff wants to hear of it; that gives no access."""

    user_id: UUID


@registry.event("ticketing.ticket.unwatched.v1")
class TicketUnwatchedV1(TicketEvent):
    """He has heard enough."""

    user_id: UUID

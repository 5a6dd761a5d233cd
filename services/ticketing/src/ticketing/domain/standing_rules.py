"""Rules of the fold: snoozed, taken aside, shared, watched."""

from dataclasses import replace

from deskstream_events.ticketing import standing as events
from ticketing.domain.rules import Rules
from ticketing.domain.ticket import Ticket

RULES = Rules()


@RULES.on(events.TicketSnoozedV1)
def _snoozed(ticket: Ticket, event: events.TicketSnoozedV1) -> Ticket:
    return replace(ticket, snoozed_until=event.until)


@RULES.on(events.SnoozeEndedV1)
def _snooze_ended(ticket: Ticket, _event: events.SnoozeEndedV1) -> Ticket:
    return replace(ticket, snoozed_until=None)


@RULES.on(events.TicketMarkedSpamV1)
def _marked_spam(ticket: Ticket, _event: events.TicketMarkedSpamV1) -> Ticket:
    return replace(ticket, aside="spam", snoozed_until=None)


@RULES.on(events.TicketDeletedV1)
def _deleted(ticket: Ticket, _event: events.TicketDeletedV1) -> Ticket:
    return replace(ticket, deleted=True, snoozed_until=None)


@RULES.on(events.TicketRestoredV1)
def _restored(ticket: Ticket, event: events.TicketRestoredV1) -> Ticket:
    if event.was == "deleted":
        return replace(ticket, deleted=False)
    return replace(ticket, aside=None)


@RULES.on(events.TicketSharedV1)
def _shared(ticket: Ticket, event: events.TicketSharedV1) -> Ticket:
    return replace(ticket, shared=ticket.shared | {event.user_id})


@RULES.on(events.TicketUnsharedV1)
def _unshared(ticket: Ticket, event: events.TicketUnsharedV1) -> Ticket:
    return replace(ticket, shared=ticket.shared - {event.user_id})


@RULES.on(events.TicketWatchedV1)
def _watched(ticket: Ticket, event: events.TicketWatchedV1) -> Ticket:
    return replace(ticket, watchers=ticket.watchers | {event.user_id})


@RULES.on(events.TicketUnwatchedV1)
def _unwatched(ticket: Ticket, event: events.TicketUnwatchedV1) -> Ticket:
    return replace(ticket, watchers=ticket.watchers - {event.user_id})

"""Rules of the fold: merged, absorbed, unmerged, split, linked."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from deskstream_events.ticketing import merging as events
from deskstream_events.ticketing.merging import MovedMessage
from ticketing.domain.rules import Rules
from ticketing.domain.ticket import Absorbed, Link, Moved, Ticket

RULES = Rules()


@RULES.on(events.TicketMergedV1)
def _merged(ticket: Ticket, event: events.TicketMergedV1) -> Ticket:
    return replace(ticket, aside="merged", merged_into=event.survivor_id, snoozed_until=None)


@RULES.on(events.TicketAbsorbedV1)
def _absorbed(ticket: Ticket, event: events.TicketAbsorbedV1) -> Ticket:
    entry = Absorbed(
        number=event.loser_number,
        known=frozenset(
            (*(m.id for m in ticket.messages), *(m.message_id for m in ticket.borrowed))
        ),
        previous_team_id=event.previous_team_id,
        previous_assignee_id=event.previous_assignee_id,
    )
    return replace(ticket, absorbed={**ticket.absorbed, event.loser_id: entry})


@RULES.on(events.TicketUnmergedV1)
def _unmerged(ticket: Ticket, event: events.TicketUnmergedV1) -> Ticket:
    if ticket.id == event.loser_id:
        return replace(_given(ticket, event.moved), aside=None, merged_into=None)
    rest = {id_: entry for id_, entry in ticket.absorbed.items() if id_ != event.loser_id}
    return replace(_gone(ticket, event.moved, event.loser_id), absorbed=rest)


@RULES.on(events.TicketSplitV1)
def _split(ticket: Ticket, event: events.TicketSplitV1) -> Ticket:
    if ticket.id == event.source_id:
        return _gone(ticket, event.moved, event.target_id)
    return _given(ticket, event.moved)


@RULES.on(events.TicketLinkedV1)
def _linked(ticket: Ticket, event: events.TicketLinkedV1) -> Ticket:
    return replace(
        ticket, links=(*ticket.links, Link(event.other_id, event.other_number, event.kind))
    )


def _gone(ticket: Ticket, moved: Iterable[MovedMessage], home: UUID) -> Ticket:
    ids = {m.message_id for m in moved}
    return replace(
        ticket,
        lent={**ticket.lent, **dict.fromkeys(ids, home)},
        borrowed=tuple(m for m in ticket.borrowed if m.message_id not in ids),
    )


def _given(ticket: Ticket, moved: Iterable[MovedMessage]) -> Ticket:
    """What comes home stops being lent; of a message that it holds a copy of the original counts
    (the first message of a ticket that was split off)."""
    moved = tuple(moved)
    foreign = tuple(Moved(m.message_id, m.stream_id) for m in moved if m.stream_id != ticket.id)
    ids = {m.message_id for m in moved}
    copies = {m.message_id for m in foreign}
    return replace(
        ticket,
        messages=tuple(m for m in ticket.messages if m.id not in copies),
        borrowed=(*ticket.borrowed, *foreign),
        lent={message: home for message, home in ticket.lent.items() if message not in ids},
    )

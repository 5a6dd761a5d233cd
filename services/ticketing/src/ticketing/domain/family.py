"""A ticket with all that it shows: its own messages, those it borrowed, those of whom it absorbed.

A family maps ids to tickets, each folded from its own stream; it holds at least what `needed` names
of each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from ticketing.domain.ticket import Attachment, HeldMessage, Message, Reply, Ticket

Family = Mapping[UUID, Ticket]
Held = tuple[Message, UUID]
"""A message and the stream that holds it."""


def needed(ticket: Ticket) -> frozenset[UUID]:
    """Of whom this ticket shows something."""
    return frozenset((*ticket.absorbed, *(moved.stream_id for moved in ticket.borrowed)))


def whole(ticket: Ticket, family: Family) -> Ticket:
    """The same ticket, with every message, file and reply that it shows, in the order of time."""
    if not needed(ticket) and not ticket.lent:
        return ticket
    return replace(
        ticket,
        messages=tuple(sorted(_messages(ticket, family), key=lambda m: m.at)),
        attachments={file.id: file for file in _attachments(ticket, family)},
        replies={reply.id: reply for reply in _replies(ticket, family)},
    )


def held_in(ticket: Ticket, family: Family) -> tuple[HeldMessage, ...]:
    """What waits at the ticket, or at those that went up in it, in the order of time."""
    own = [*ticket.held.values()]
    for loser in ticket.absorbed:
        own += held_in(family[loser], family)
    return tuple(sorted(own, key=lambda held: held.message.at))


def held_by(ticket: Ticket, family: Family) -> Iterator[Held]:
    """What the ticket shows but for those that it absorbed."""
    yield from ((m, ticket.id) for m in ticket.messages if m.id not in ticket.lent)
    for moved in ticket.borrowed:
        holder = family[moved.stream_id]
        yield from ((m, holder.id) for m in holder.messages if m.id == moved.message_id)


def _messages(ticket: Ticket, family: Family) -> Iterator[Message]:
    yield from (message for message, _ in held_by(ticket, family))
    for loser in ticket.absorbed:
        yield from _messages(family[loser], family)


def _attachments(ticket: Ticket, family: Family) -> Iterator[Attachment]:
    stays = {f for m in ticket.messages if m.id not in ticket.lent for f in m.attachment_ids}
    gone = {f for m in ticket.messages if m.id in ticket.lent for f in m.attachment_ids} - stays
    yield from (file for file in ticket.attachments.values() if file.id not in gone)
    for moved in ticket.borrowed:
        holder = family[moved.stream_id]
        for message in holder.messages:
            if message.id == moved.message_id:
                yield from (
                    holder.attachments[f] for f in message.attachment_ids if f in holder.attachments
                )
    for loser in ticket.absorbed:
        yield from _attachments(family[loser], family)


def _replies(ticket: Ticket, family: Family) -> Iterator[Reply]:
    yield from (r for r in ticket.replies.values() if r.id not in ticket.lent)
    for moved in ticket.borrowed:
        reply = family[moved.stream_id].replies.get(moved.message_id)
        if reply is not None:
            yield reply
    for loser in ticket.absorbed:
        yield from _replies(family[loser], family)

"""Some messages of a ticket become a ticket of their own; tickets that belong together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.merging import MovedMessage, TicketLinkedV1, TicketSplitV1
from deskstream_events.ticketing.ticket import TicketOpenedV1
from ticketing.domain import guards
from ticketing.domain.assignment import assign
from ticketing.domain.family import Family, held_by
from ticketing.domain.fold import fold
from ticketing.domain.merging_errors import SplitInvalid
from ticketing.domain.people import Person
from ticketing.domain.ticket import Ticket
from ticketing.domain.transitions import taken_up


def split(
    source: Ticket,
    family: Family,
    message_ids: Sequence[UUID],
    *,
    target_id: UUID,
    number: int,
    subject: str | None,
    assignee: Person | None,
    by: str,
    at: datetime,
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """(for the source, for the new ticket). The first of the customer's messages opens it; team,
    priority, tags and the assignee (if given) are the source's. Merging it back undoes the split.

    Raises TicketDeleted, TicketMerged, TicketIsSpam, SplitInvalid: a message that the ticket does
    not hold itself, none of the customer's, or all of them.
    """
    guards.in_use(source)
    held = {pair[0].id: pair for pair in held_by(source, family)}
    wanted = set(message_ids)
    if not wanted <= held.keys():
        raise SplitInvalid("not a message of this ticket itself", field="message_ids")
    chosen = sorted((held[one] for one in wanted), key=lambda pair: pair[0].at)
    first = next((message for message, _ in chosen if message.kind == "customer"), None)
    if first is None:
        raise SplitInvalid("at least one message of the customer", field="message_ids")
    if all(one in wanted for one, (m, _) in held.items() if m.kind == "customer"):
        raise SplitInvalid("at least one message of the customer must stay", field="message_ids")
    opened = TicketOpenedV1(
        ticket_id=target_id,
        at=at,
        number=number,
        channel=source.channel,
        subject=subject or source.subject,
        message_id=first.id,
        body_html=first.body_html,
        body_text=first.body_text,
        requester_name=first.author_name or source.requester_name,
        requester_email=first.sender or source.requester_email,
        team_id=source.team_id,
        priority=source.priority,
        tags=source.tags,
        opened_by=by,
    )
    told = {
        "at": at,
        "source_id": source.id,
        "target_id": target_id,
        "target_number": number,
        "moved": tuple(MovedMessage(message_id=m.id, stream_id=s) for m, s in chosen),
        "split_by": by,
    }
    target: list[Event] = [opened, TicketSplitV1(ticket_id=target_id, **told)]
    target.append(_link(target_id, source.id, source.number, "split_from", at))
    target += _assigned(target, assignee, by, at)
    back = _link(source.id, target_id, number, "split_off", at)
    return (TicketSplitV1(ticket_id=source.id, **told), back), tuple(target)


def link_follow_up(
    closed: Ticket, follow_up: Ticket, at: datetime
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """(for the closed ticket, for the one that goes on where it ended)."""
    onward = _link(closed.id, follow_up.id, follow_up.number, "follow_up", at)
    back = _link(follow_up.id, closed.id, closed.number, "follows", at)
    return (onward,), (back,)


def _link(ticket_id: UUID, other: UUID, number: int, kind: str, at: datetime) -> Event:
    return TicketLinkedV1.model_validate(
        {
            "ticket_id": ticket_id,
            "at": at,
            "other_id": other,
            "other_number": number,
            "kind": kind,
        }
    )


def _assigned(
    events: Sequence[Event], assignee: Person | None, by: str, at: datetime
) -> tuple[Event, ...]:
    if assignee is None:
        return ()
    ticket = fold(enumerate(events, 1))
    assert ticket is not None
    return (*assign(ticket, assignee, by, at), *taken_up(ticket, at, "assigned"))

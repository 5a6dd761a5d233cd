"""Opening a ticket, and changing what it says about itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.ticketing.ticket import (
    Channel,
    Priority,
    Status,
    TicketOpenedV1,
    TicketPriorityChangedV1,
    TicketTaggedV1,
    TicketTeamChangedV1,
    TicketUnassignedV1,
    TicketUntaggedV1,
)
from ticketing.domain import following, guards
from ticketing.domain.assignment import assign
from ticketing.domain.bodies import Body
from ticketing.domain.fold import fold
from ticketing.domain.people import Person, Team
from ticketing.domain.removal import bring_back, mark_spam
from ticketing.domain.ticket import Ticket
from ticketing.domain.transitions import move, taken_up


@dataclass(frozen=True)
class Opening:
    """What a new ticket starts with."""

    ticket_id: UUID
    number: int
    message_id: UUID
    channel: Channel
    subject: str
    body: Body
    requester_name: str | None
    requester_email: str | None
    cc: tuple[str, ...]
    team: Team
    priority: Priority
    tags: tuple[str, ...]
    assignee: Person | None
    by: str
    inbound_id: UUID | None = None
    automatic: bool = False
    attachment_ids: tuple[UUID, ...] = ()


Target = Status | Literal["spam"]


@dataclass(frozen=True)
class Changes:
    """What shall be different; None leaves a thing as it is, `unassign` takes the assignee off."""

    status: Target | None = None
    priority: Priority | None = None
    team: Team | None = None
    assignee: Person | None = None
    unassign: bool = False
    tags: tuple[str, ...] | None = None
    """Just these."""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    shared: tuple[Person, ...] | None = None
    watchers: tuple[Person, ...] | None = None


def open_ticket(opening: Opening, at: datetime) -> tuple[Event, ...]:
    """A new ticket; with an assignee it is open at once. Raises AssigneeCannotWork,
    AssigneeOutsideTeam, TagInvalid."""
    opened = TicketOpenedV1(
        ticket_id=opening.ticket_id,
        at=at,
        number=opening.number,
        channel=opening.channel,
        subject=opening.subject,
        message_id=opening.message_id,
        body_html=opening.body.html,
        body_text=opening.body.text,
        requester_name=opening.requester_name,
        requester_email=opening.requester_email,
        cc_emails=opening.cc,
        team_id=opening.team.id,
        priority=opening.priority,
        tags=guards.tags(opening.tags),
        opened_by=opening.by,
        inbound_id=opening.inbound_id,
        automatic=opening.automatic,
        attachment_ids=opening.attachment_ids,
    )
    if opening.assignee is None:
        return (opened,)
    guards.assignable(opening.assignee, opening.team)
    ticket = fold([(1, opened)])
    assert ticket is not None
    return (
        opened,
        *assign(ticket, opening.assignee, opening.by, at),
        *taken_up(ticket, at, "assigned"),
    )


def change(
    ticket: Ticket, wanted: Changes, *, team: Team, assignee: Person | None, by: str, at: datetime
) -> tuple[Event, ...]:
    """The events that lead to what is wanted; none where nothing differs.

    `team` and `assignee` are as they are now. The outcome as a whole must be allowed: moving a
    ticket into a restricted team needs an assignee who may see it. Raises AssigneeCannotWork,
    AssigneeOutsideTeam, TagInvalid, CannotShare, CannotWatch, TicketDeleted, TicketIsSpam,
    TicketClosed, AssigneeMissing, TransitionRefused.
    """
    events = [*_out_of_spam(ticket, wanted, by, at), *_team(ticket, wanted, at)]
    events += _assignee(ticket, wanted, by, at)
    target = wanted.team or team
    if wanted.assignee is not None and wanted.assignee.id != ticket.assignee_id:
        guards.assignable(wanted.assignee, target)
    elif wanted.team is not None and assignee is not None and not wanted.unassign:
        guards.assignable(assignee, target)
    events += [*_priority(ticket, wanted, at), *_tags(ticket, wanted, at)]
    if wanted.shared is not None:
        events += following.share(ticket, wanted.shared, target, by=by, at=at)
    if wanted.watchers is not None:
        events += following.watch(ticket, wanted.watchers, at=at)
    after = fold(enumerate(events, ticket.version + 1), ticket)
    assert after is not None
    if wanted.status == "spam":
        events += mark_spam(after, by, at)
    elif wanted.status is not None:
        events += move(after, wanted.status, at)
    elif after.assignee_id is not None and after.assignee_id != ticket.assignee_id:
        events += taken_up(after, at, "assigned")
    return tuple(events)


def _out_of_spam(ticket: Ticket, wanted: Changes, by: str, at: datetime) -> tuple[Event, ...]:
    if ticket.aside == "spam" and wanted.status not in (None, "spam"):
        guards.present(ticket)
        return bring_back(ticket, by, at)
    guards.in_use(ticket)
    return ()


def _assignee(ticket: Ticket, wanted: Changes, by: str, at: datetime) -> tuple[Event, ...]:
    if wanted.assignee is not None:
        return assign(ticket, wanted.assignee, by, at)
    if wanted.unassign and ticket.assignee_id is not None:
        gone = TicketUnassignedV1(ticket_id=ticket.id, at=at, previous_id=ticket.assignee_id)
        return (gone,)
    return ()


def _team(ticket: Ticket, wanted: Changes, at: datetime) -> tuple[Event, ...]:
    if wanted.team is None or wanted.team.id == ticket.team_id:
        return ()
    return (
        TicketTeamChangedV1(
            ticket_id=ticket.id, at=at, team_id=wanted.team.id, previous_id=ticket.team_id
        ),
    )


def _priority(ticket: Ticket, wanted: Changes, at: datetime) -> tuple[Event, ...]:
    if wanted.priority is None or wanted.priority == ticket.priority:
        return ()
    return (
        TicketPriorityChangedV1(
            ticket_id=ticket.id, at=at, priority=wanted.priority, previous=ticket.priority
        ),
    )


def _tags(ticket: Ticket, wanted: Changes, at: datetime) -> tuple[Event, ...]:
    if wanted.tags is None and not wanted.add_tags and not wanted.remove_tags:
        return ()
    gone = guards.tags(wanted.remove_tags)
    base = ticket.tags if wanted.tags is None else wanted.tags
    target = tuple(tag for tag in guards.tags((*base, *wanted.add_tags)) if tag not in gone)
    more = tuple(tag for tag in target if tag not in ticket.tags)
    less = tuple(tag for tag in ticket.tags if tag not in target)
    added = (TicketTaggedV1(ticket_id=ticket.id, at=at, tags=more),) if more else ()
    removed = (TicketUntaggedV1(ticket_id=ticket.id, at=at, tags=less),) if less else ()
    return (*added, *removed)

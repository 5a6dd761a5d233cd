"""Two tickets become one, and two again (04-domain.md §1)."""

from dataclasses import dataclass
from datetime import datetime

from deskstream_events.event import Event
from deskstream_events.ticketing.merging import (
    MovedMessage,
    TicketAbsorbedV1,
    TicketMergedV1,
    TicketUnmergedV1,
)
from deskstream_events.ticketing.ticket import (
    TicketTeamChangedV1,
    TicketUnassignedV1,
)
from ticketing.domain import guards
from ticketing.domain.assignment import assign
from ticketing.domain.family import Family
from ticketing.domain.fold import fold
from ticketing.domain.merging_errors import MergeIntoItself, NotMerged, UnmergeFirst
from ticketing.domain.people import Person, Team
from ticketing.domain.placing import placed
from ticketing.domain.receiving import customer_wrote
from ticketing.domain.ticket import Ticket


@dataclass(frozen=True)
class Both:
    """What is appended to the two streams, in one append."""

    loser: tuple[Event, ...]
    survivor: tuple[Event, ...]


@dataclass(frozen=True)
class Side:
    """A ticket with its team and its assignee, as they are now."""

    ticket: Ticket
    team: Team
    assignee: Person | None = None


def merge(loser: Side, survivor: Side, *, by: str, at: datetime) -> Both:
    """The loser goes up in the survivor; nothing where it has already.

    A restricted loser takes the survivor into its team, off an assignee who may not see it then.
    Raises MergeIntoItself, and for either one TicketMerged, TicketDeleted, TicketIsSpam,
    TicketClosed.
    """
    one, other = loser.ticket, survivor.ticket
    if one.id == other.id:
        raise MergeIntoItself("a ticket is not merged into itself", field="into")
    if one.merged_into == other.id:
        return Both((), ())
    for ticket in (one, other):
        guards.in_use(ticket)
        guards.not_closed(ticket)
    crosses = loser.team.restricted and not survivor.team.restricted
    outsider = survivor.assignee is not None and not survivor.assignee.sees_team(loser.team.id)
    merged = TicketMergedV1(
        ticket_id=one.id,
        at=at,
        survivor_id=other.id,
        survivor_number=other.number,
        merged_by=by,
    )
    absorbed = TicketAbsorbedV1(
        ticket_id=other.id,
        at=at,
        loser_id=one.id,
        loser_number=one.number,
        absorbed_by=by,
        previous_team_id=other.team_id if crosses else None,
        previous_assignee_id=other.assignee_id if crosses and outsider else None,
    )
    return Both((merged,), (absorbed, *(_restricted(loser, survivor, at) if crosses else ())))


def _restricted(loser: Side, survivor: Side, at: datetime) -> tuple[Event, ...]:
    ticket, person = survivor.ticket, survivor.assignee
    moved = TicketTeamChangedV1(
        ticket_id=ticket.id, at=at, team_id=loser.team.id, previous_id=ticket.team_id
    )
    if ticket.assignee_id is None or (person and person.sees_team(loser.team.id)):
        return (moved,)
    return (
        moved,
        TicketUnassignedV1(ticket_id=ticket.id, at=at, previous_id=ticket.assignee_id),
    )


def unmerge(
    loser: Ticket,
    survivor: Ticket,
    family: Family,
    *,
    before: Person | None,
    by: str,
    reason: str | None,
    at: datetime,
) -> Both:
    """Two again. What came meanwhile goes home (placing.placed); with an unanswered customer's
    message among it the loser is open again.

    `before` is whom the merge took the survivor off, if anybody: where nothing of the time between
    stays with the survivor, he and the team come back. Raises NotMerged, and UnmergeFirst where the
    survivor has itself gone up in another.
    """
    if loser.merged_into != survivor.id or loser.id not in survivor.absorbed:
        raise NotMerged("the ticket is not merged")
    if survivor.merged_into is not None:
        raise UnmergeFirst(
            "its survivor has itself been merged; unmerge that one first",
            ticket=str(survivor.id),
        )
    home, stays = placed(survivor, loser, family)
    moved = tuple(MovedMessage(message_id=m.id, stream_id=s) for m, s in home)
    told = {
        "at": at,
        "survivor_id": survivor.id,
        "loser_id": loser.id,
        "moved": moved,
        "unmerged_by": by,
        "reason": reason,
    }
    again: tuple[Event, ...] = ()
    public = [m for m, _ in home if m.kind != "note" and not m.automatic]
    if public and public[-1].kind == "customer":
        again = customer_wrote(loser, at)
    back = () if stays else _as_before(survivor, loser, before, by, at)
    return Both(
        (TicketUnmergedV1(ticket_id=loser.id, **told), *again),
        (TicketUnmergedV1(ticket_id=survivor.id, **told), *back),
    )


def _as_before(
    survivor: Ticket, loser: Ticket, before: Person | None, by: str, at: datetime
) -> tuple[Event, ...]:
    previous = survivor.absorbed[loser.id].previous_team_id
    if previous is None or survivor.team_id != loser.team_id:
        return ()
    moved = TicketTeamChangedV1(
        ticket_id=survivor.id, at=at, team_id=previous, previous_id=survivor.team_id
    )
    if before is None or survivor.assignee_id is not None or not before.can_work():
        return (moved,)
    after = fold([(survivor.version + 1, moved)], survivor)
    assert after is not None
    return (moved, *assign(after, before, by, at))

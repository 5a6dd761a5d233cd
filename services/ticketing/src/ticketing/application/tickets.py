"""Loading a ticket for somebody: fold, then ask whether he may."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.access import AccessDenied, Action, Actor, TicketAccess, demand
from deskstream_events.event import Event
from deskstream_events.ticketing.reply import ReplyQueuedV1, ReplyScheduledV1
from deskstream_eventstore import Origin, Recorded, Work
from ticketing.application.families import family_of
from ticketing.application.ports import Directory, Index, TicketRef
from ticketing.domain.errors import ChangedMeanwhile, TeamUnknown
from ticketing.domain.family import Family, whole
from ticketing.domain.fold import fold
from ticketing.domain.people import Team
from ticketing.domain.replies import found
from ticketing.domain.ticket import Ticket

STREAM = "ticketing.ticket"


@dataclass(frozen=True)
class Loaded:
    """A ticket with its team and the facts that it was folded from."""

    ticket: Ticket
    """As its own stream says."""
    team: Team
    facts: tuple[Recorded, ...]
    family: Family
    """The ticket and all of whom it shows something."""

    @property
    def whole(self) -> Ticket:
        """The ticket with every message, file and reply that it shows."""
        return whole(self.ticket, self.family)

    def holder_of(self, reply_id: UUID) -> Ticket:
        """The ticket whose stream holds a reply that this one shows. Raises ReplyUnknown."""
        found(self.whole, reply_id)
        return next(one for one in self.family.values() if reply_id in one.replies)

    def changed_since(self, version: int) -> tuple[str, ...]:
        """What people did after `version`, as the names of the facts, each once; what the system
        itself appended does not count."""
        names = (
            fact.event.TYPE.split(".")[2]
            for fact in self.facts
            if fact.version > version and not fact.meta.actor.startswith("system:")
        )
        return tuple(dict.fromkeys(names))

    def unchanged_since(self, seen: int) -> None:
        """What the system itself appended does not count. Raises ChangedMeanwhile."""
        changed = self.changed_since(seen)
        if changed or seen > self.ticket.version:
            raise ChangedMeanwhile(
                "load it again", version=self.ticket.version, changed=list(changed)
            )

    def origin_of_reply(self, reply_id: UUID, actor: str) -> Origin:
        """For what the system does with a reply later: caused by its last queueing, in the
        correlation and the trace of the request that queued it."""
        queued = next(
            fact
            for fact in reversed(self.facts)
            if isinstance(fact.event, ReplyQueuedV1 | ReplyScheduledV1)
            and fact.event.reply_id == reply_id
        )
        return Origin(
            actor=actor,
            correlation_id=queued.meta.correlation_id,
            causation_id=str(queued.event_id),
            traceparent=queued.meta.traceparent,
        )


class Tickets:
    """The store of tickets. Every reading names an actor and what he is about to do."""

    def __init__(self, directory: Directory, index: Index) -> None:
        self._directory = directory
        self._index = index

    async def get(self, work: Work, ref: TicketRef, actor: Actor, action: Action) -> Loaded:
        """Raises AccessDenied; `hidden` also where there is no such ticket."""
        ticket_id = await self._index.by_number(work, ref) if isinstance(ref, int) else ref
        facts = tuple(await work.load(ticket_id)) if ticket_id is not None else ()
        ticket = fold((fact.version, fact.event) for fact in facts)
        if ticket is None:
            raise AccessDenied("hidden")
        team = await self._directory.team(work, ticket.team_id)
        demand(actor, action, access_of(ticket, team))
        team = team or Team(ticket.team_id, "", restricted=True)
        return Loaded(ticket, team, facts, await family_of(work, ticket))

    async def team(self, work: Work, team_id: UUID) -> Team:
        """Raises TeamUnknown."""
        team = await self._directory.team(work, team_id)
        if team is None:
            raise TeamUnknown("no team has this id", field="team_id")
        return team


def after(ticket: Ticket, events: Sequence[Event]) -> Ticket:
    """The ticket once these are appended."""
    ticket_after = fold(enumerate(events, ticket.version + 1), ticket)
    assert ticket_after is not None
    return ticket_after


def append_all(work: Work, *changes: tuple[Ticket, Sequence[Event]]) -> None:
    """Several tickets in one append, always in the same order, so that writers that cross meet in
    a conflict and not in a deadlock."""
    for ticket, events in sorted(changes, key=lambda change: change[0].id):
        if events:
            work.append(STREAM, ticket.id, ticket.version, events)


def access_of(ticket: Ticket, team: Team | None) -> TicketAccess:
    """The facts that `decide` needs. A team that is not known is taken for a restricted one."""
    return TicketAccess(
        team_id=ticket.team_id,
        restricted=team is None or team.restricted,
        assignee_id=ticket.assignee_id,
        shared=ticket.shared,
        deleted=ticket.deleted,
        opened_by=ticket.opened_by,
    )

"""From a ticket's events to the facts that a decision needs. Pure; nothing personal is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any
from uuid import UUID

from deskstream_chassis.access import TicketAccess
from deskstream_events.event import Event
from deskstream_events.ticketing.merging import TicketMergedV1, TicketUnmergedV1
from deskstream_events.ticketing.standing import (
    TicketDeletedV1,
    TicketMarkedSpamV1,
    TicketRestoredV1,
    TicketSharedV1,
    TicketUnsharedV1,
)
from deskstream_events.ticketing.ticket import (
    TicketAssignedV1,
    TicketClosedV1,
    TicketOpenedV1,
    TicketReopenedV1,
    TicketSolvedV1,
    TicketStatusChangedV1,
    TicketTeamChangedV1,
    TicketUnassignedV1,
)


@dataclass(frozen=True)
class TicketFacts:
    """What is known of a ticket, apart from whether its team is restricted."""

    ticket_id: UUID
    number: int
    team_id: UUID
    opened_by: str
    assignee_id: UUID | None = None
    shared: frozenset[UUID] = field(default_factory=frozenset)
    deleted: bool = False
    aside: bool = False
    """Spam, or merged into another."""
    unsolved: bool = True
    """Neither solved nor closed."""

    @property
    def is_open(self) -> bool:
        """Somebody still has work with it."""
        return self.unsolved and not self.aside and not self.deleted

    def access(self, *, restricted: bool) -> TicketAccess:
        """For `decide`."""
        return TicketAccess(
            self.team_id, restricted, self.assignee_id, self.shared, self.deleted, self.opened_by
        )


Rule = Callable[[TicketFacts, Any], TicketFacts]

RULES: Mapping[type[Event], Rule] = MappingProxyType(
    {
        TicketAssignedV1: lambda facts, event: replace(facts, assignee_id=event.assignee_id),
        TicketUnassignedV1: lambda facts, _: replace(facts, assignee_id=None),
        TicketTeamChangedV1: lambda facts, event: replace(facts, team_id=event.team_id),
        TicketStatusChangedV1: lambda facts, event: replace(
            facts, unsolved=event.status not in ("solved", "closed")
        ),
        TicketSolvedV1: lambda facts, _: replace(facts, unsolved=False),
        TicketClosedV1: lambda facts, _: replace(facts, unsolved=False),
        TicketReopenedV1: lambda facts, _: replace(facts, unsolved=True),
        TicketMarkedSpamV1: lambda facts, _: replace(facts, aside=True),
        TicketMergedV1: lambda facts, _: replace(facts, aside=True),
        TicketUnmergedV1: lambda facts, _: replace(facts, aside=False),
        TicketDeletedV1: lambda facts, _: replace(facts, deleted=True),
        TicketRestoredV1: lambda facts, event: (
            replace(facts, deleted=False) if event.was == "deleted" else replace(facts, aside=False)
        ),
        TicketSharedV1: lambda facts, event: replace(facts, shared=facts.shared | {event.user_id}),
        TicketUnsharedV1: lambda facts, event: replace(
            facts, shared=facts.shared - {event.user_id}
        ),
    }
)
"""A test holds the list complete: every other type of the stream leaves the facts as they are."""


def follow(facts: TicketFacts | None, event: Event) -> TicketFacts | None:
    """The facts after one more event of the ticket's stream, in order from the first."""
    if isinstance(event, TicketOpenedV1):
        return TicketFacts(event.ticket_id, event.number, event.team_id, event.opened_by)
    if facts is None:
        return None
    rule = RULES.get(type(event))
    return facts if rule is None else rule(facts, event)

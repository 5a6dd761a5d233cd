"""Calls for somebody: what one may see of them hangs on their ticket, else on their team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from deskstream_chassis.access import (
    AccessDenied,
    Action,
    Actor,
    TicketAccess,
    demand,
    sees_notes,
)
from deskstream_events.ticketing.call import Direction, Outcome
from deskstream_eventstore import Database, Work
from ticketing.application.families import stored
from ticketing.application.ports import Directory
from ticketing.application.tickets import access_of
from ticketing.domain.calls import Call, fold_call

STREAM = "ticketing.call"


@dataclass(frozen=True)
class CallFilters:
    """Which calls a list shows; None means all."""

    direction: Direction | None = None
    outcome: Outcome | None = None
    agent: UUID | None = None
    ticket: UUID | None = None
    linked: bool | None = None
    phone: str | None = None
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class CallRow:
    """A call in a list."""

    id: UUID
    direction: Direction
    outcome: Outcome
    phone: str | None
    caller_name: str | None
    agent_id: UUID | None
    extension: str | None
    started_at: datetime
    seconds: int
    ticket_id: UUID | None


CallPosition = tuple[datetime, UUID]
"""Start and id of a page's last row."""


class CallLists(Protocol):
    """Lists of calls, and look-ups in them."""

    async def calls(
        self,
        work: Work,
        actor: Actor,
        filters: CallFilters,
        after: CallPosition | None,
        limit: int,
    ) -> Sequence[CallRow]:
        """At most `limit` that the actor may see, newest first, behind `after`."""
        ...

    async def claim(self, work: Work, digest: str, call_id: UUID) -> UUID:
        """The call of this report: `call_id`, or the one that it made before. Of two at once the
        second waits for the first."""
        ...

    async def open_ticket_of(self, work: Work, phone: str) -> UUID | None:
        """The newest ticket that still wants work and has a call from this number."""
        ...


class Phones(Protocol):
    """Brings telephone numbers into one form."""

    def __call__(self, told: str | None) -> str | None:
        """E.164; what is no telephone number (an extension) as it is; None for a withheld one."""
        ...


class Calls:
    """The store of calls. Every reading names an actor and what he is about to do."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def get(self, work: Work, call_id: UUID, actor: Actor, action: Action) -> Call:
        """Raises AccessDenied; `hidden` also where there is no such call."""
        facts = await work.load(call_id)
        call = fold_call((fact.version, fact.event) for fact in facts)
        if call is None:
            raise AccessDenied("hidden")
        demand(actor, action, await self._access(work, call))
        return call

    async def _access(self, work: Work, call: Call) -> TicketAccess:
        if call.ticket_id is not None:
            ticket = await stored(work, call.ticket_id)
            return access_of(ticket, await self._directory.team(work, ticket.team_id))
        team = await self._directory.team(work, call.team_id)
        restricted = team is None or team.restricted
        return TicketAccess(call.team_id, restricted, assignee_id=call.agent_id)


@dataclass(frozen=True)
class ShownCall:
    """A call as one caller may see it, with the names of the staff in it."""

    call: Call
    names: Mapping[UUID, str]


class ShowCall:
    """One call with its notes; viewers see it without."""

    def __init__(self, database: Database, calls: Calls, directory: Directory) -> None:
        self._database, self._calls, self._directory = database, calls, directory

    async def __call__(self, call_id: UUID, actor: Actor) -> ShownCall:
        """Raises AccessDenied."""
        async with self._database.reading() as work:
            call = await self._calls.get(work, call_id, actor, "view")
            if not sees_notes(actor):
                call = replace(call, notes=())
            people = {note.author_id for note in call.notes}
            if call.agent_id is not None:
                people.add(call.agent_id)
            names = await self._directory.names(work, people)
        return ShownCall(call, names)


class ListCalls:
    """Newest first."""

    def __init__(self, database: Database, lists: CallLists, phones: Phones) -> None:
        self._database, self._lists, self._phones = database, lists, phones

    async def __call__(
        self, actor: Actor, filters: CallFilters, after: CallPosition | None, limit: int
    ) -> Sequence[CallRow]:
        """One row more than `limit` where there is a next page."""
        filters = replace(filters, phone=self._phones(filters.phone))
        async with self._database.reading() as work:
            return await self._lists.calls(work, actor, filters, after, limit + 1)

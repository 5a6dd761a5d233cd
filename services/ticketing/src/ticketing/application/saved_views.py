"""Saved lists: a person's own, or a team's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Filters, Lists
from ticketing.application.tickets import Tickets
from ticketing.domain.writing_errors import PersonalOnly, TooManyViews, ViewUnknown

MOST = 100
COUNTED = 1000
"""Counts go no further: beyond, `more`."""


@dataclass(frozen=True)
class SavedView:
    """A list by name. `query` is what the list was asked for; it means the one who looks: `me` is
    he, and he sees only what he may."""

    id: UUID
    owner_id: UUID
    team_id: UUID | None
    title: str
    query: Mapping[str, Any]
    updated_at: datetime


@dataclass(frozen=True)
class SaveView:
    """A new one (`id` None), or another content."""

    id: UUID | None
    title: str
    team_id: UUID | None
    query: Mapping[str, Any]


@dataclass(frozen=True)
class Count:
    """How many a view holds; with `more`, at least that many."""

    tickets: int
    more: bool


class Views(Protocol):
    """Where saved views are kept."""

    async def of(
        self, work: Work, user_id: UUID, teams: Sequence[UUID] | None
    ) -> Sequence[SavedView]:
        """His own and those of these teams (None: of all), by title."""
        ...

    async def get(self, work: Work, view_id: UUID) -> SavedView | None:
        """By id."""
        ...

    async def keep(self, work: Work, view: SavedView) -> None:
        """Insert or replace."""
        ...

    async def drop(self, work: Work, view_id: UUID) -> None:
        """By id."""
        ...


class SavedViews:
    """Own ones are for everybody who is staff; a team's are saved by its members from agent up, and
    changed by who saved them, managers and admins. What one may not use is not found."""

    def __init__(
        self, database: Database, tickets: Tickets, views: Views, lists: Lists, clock: Clock
    ) -> None:
        self._database = database
        self._tickets = tickets
        self._views = views
        self._lists = lists
        self._clock = clock

    async def list(self, actor: Actor) -> Sequence[SavedView]:
        """By title."""
        async with self._database.reading() as work:
            return await self._views.of(work, _user(actor), _teams(actor))

    async def get(self, view_id: UUID, actor: Actor) -> SavedView:
        """Raises ViewUnknown."""
        async with self._database.reading() as work:
            return await self._usable(work, view_id, actor)

    async def counts(self, actor: Actor, filters: Sequence[Filters]) -> Sequence[Count]:
        """Of each, of what the actor may see."""
        async with self._database.reading() as work:
            found = [await self._lists.count(work, actor, one, COUNTED + 1) for one in filters]
        return [Count(min(n, COUNTED), n > COUNTED) for n in found]

    async def save(self, command: SaveView, caller: Caller) -> SavedView:
        """As kept. Raises ViewUnknown, TeamUnknown, PersonalOnly, TooManyViews."""
        actor, user = caller.actor, _user(caller.actor)
        async with self._database.work(caller.origin) as work:
            await work.once()
            owner = user
            if command.id is not None:
                owner = (await self._changeable(work, command.id, actor)).owner_id
            elif len(await self._views.of(work, user, ())) >= MOST:
                raise TooManyViews(f"at most {MOST}")
            if command.team_id is not None:
                await self._tickets.team(work, command.team_id)
                if not _may_share(actor, command.team_id):
                    raise PersonalOnly("a team's view is saved by its members", field="team_id")
            view = SavedView(
                id=command.id or new_id(),
                owner_id=owner,
                team_id=command.team_id,
                title=command.title,
                query=command.query,
                updated_at=self._clock.now(),
            )
            await self._views.keep(work, view)
            return work.answer(view)

    async def remove(self, view_id: UUID, caller: Caller) -> None:
        """Raises ViewUnknown, PersonalOnly."""
        async with self._database.work(caller.origin) as work:
            await self._changeable(work, view_id, caller.actor)
            await self._views.drop(work, view_id)

    async def _usable(self, work: Work, view_id: UUID, actor: Actor) -> SavedView:
        view = await self._views.get(work, view_id)
        teams = _teams(actor)
        if view is None or not (
            view.owner_id == actor.user_id
            or (view.team_id is not None and (teams is None or view.team_id in teams))
        ):
            raise ViewUnknown("no such view")
        return view

    async def _changeable(self, work: Work, view_id: UUID, actor: Actor) -> SavedView:
        view = await self._usable(work, view_id, actor)
        if view.owner_id != actor.user_id and not actor.is_at_least(Role.MANAGER):
            raise PersonalOnly("changed by who saved it, and by managers")
        return view


def _may_share(actor: Actor, team_id: UUID) -> bool:
    member = actor.is_at_least(Role.AGENT) and team_id in actor.teams
    return member or actor.is_at_least(Role.MANAGER)


def _teams(actor: Actor) -> Sequence[UUID] | None:
    return None if actor.is_at_least(Role.MANAGER) else sorted(actor.teams)


def _user(actor: Actor) -> UUID:
    assert actor.user_id is not None, "the route admits staff only"
    return actor.user_id

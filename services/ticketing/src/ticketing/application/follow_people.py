"""The replica of users and teams, from the gateway's events."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from deskstream_eventstore import Work
from ticketing.application.ports import Directory
from ticketing.domain.people import Person, Team


class FollowPeople:
    """Each call runs inside the consumer's transaction, in the order of the user's stream."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def registered(self, work: Work, user_id: UUID, name: str, email: str) -> None:
        """Known by name; can do nothing yet."""
        unknown = Person(user_id, name, email, None, active=False, teams=frozenset())
        await self._directory.keep_person(work, unknown)

    async def changed(self, work: Work, user_id: UUID, **what: Any) -> None:
        """Some of `role`, `active`, `teams` is this now. Somebody whose registration was never
        seen is kept without a name, so that he can still be assigned."""
        known = await self._directory.person(work, user_id)
        person = known or Person(user_id, "", "", None, active=False, teams=frozenset())
        await self._directory.keep_person(work, replace(person, **what))

    async def team(self, work: Work, team_id: UUID, title: str, restricted: bool) -> None:
        """The team is this now."""
        await self._directory.keep_team(work, Team(team_id, title, restricted))

"""Read models of users and teams, kept in the transaction of the append and rebuildable."""

from typing import Any

from sqlalchemy import bindparam, insert, update

from deskstream_events.event import Event
from deskstream_events.gateway import team as teams
from deskstream_events.gateway import user as users
from deskstream_eventstore import Recorded, Statement, View, Work, compiled
from gateway.infra.db.tables import team_view, user_view


def _set(*columns: str) -> Statement:
    values: dict[str, Any] = {name: bindparam(name) for name in (*columns, "version")}
    return compiled(
        update(user_view).where(user_view.c.user_id == bindparam("id")).values(**values)
    )


_REGISTER = compiled(
    insert(user_view).values(
        user_id=bindparam("user_id"),
        email=bindparam("email"),
        name=bindparam("name"),
        teams=bindparam("teams"),
        version=bindparam("version"),
        registered_at=bindparam("registered_at"),
    )
)
_VERSION = _set()
_VERIFIED = _set("verified")
_APPROVED = _set("approved", "role", "teams")
_SUSPENDED = _set("suspended")
_ROLE = _set("role")
_TEAMS = _set("teams")
_FACTOR = _set("factor")


def _change(event: Event) -> tuple[Statement, dict[str, Any]]:
    """The update that an event asks for. Pure."""
    match event:
        case users.EmailVerifiedV1():
            return _VERIFIED, {"verified": True}
        case users.UserApprovedV1():
            teams_of = list(event.teams)
            return _APPROVED, {"approved": True, "role": event.role, "teams": teams_of}
        case users.UserSuspendedV1():
            return _SUSPENDED, {"suspended": True}
        case users.UserReinstatedV1():
            return _SUSPENDED, {"suspended": False}
        case users.RoleChangedV1():
            return _ROLE, {"role": event.role}
        case users.TeamsChangedV1():
            return _TEAMS, {"teams": list(event.teams)}
        case users.FactorEnabledV1():
            return _FACTOR, {"factor": True}
        case users.FactorDisabledV1():
            return _FACTOR, {"factor": False}
    return _VERSION, {}


class UserView:
    """One row per account, for lists, sessions and the guard of the last admin."""

    name = "users"
    version = 1
    stream_types = frozenset({"gateway.user"})
    tables: tuple[str, ...] = ("user_view",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """One statement per event."""
        event = fact.event
        if isinstance(event, users.UserRegisteredV1):
            await _REGISTER.execute(
                work,
                user_id=event.user_id,
                email=event.email,
                name=event.name,
                teams=[],
                version=fact.version,
                registered_at=event.at,
            )
            return
        statement, values = _change(event)
        await statement.execute(work, id=fact.stream_id, version=fact.version, **values)


_CREATE_TEAM = compiled(
    insert(team_view).values(
        team_id=bindparam("team_id"),
        title=bindparam("title"),
        restricted=bindparam("restricted"),
        version=bindparam("version"),
    )
)
_CHANGE_TEAM = compiled(
    update(team_view)
    .where(team_view.c.team_id == bindparam("id"))
    .values(
        title=bindparam("title"), restricted=bindparam("restricted"), version=bindparam("version")
    )
)


class TeamView:
    """One row per team."""

    name = "teams"
    version = 1
    stream_types = frozenset({"gateway.team"})
    tables: tuple[str, ...] = ("team_view",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        """One statement per event."""
        match fact.event:
            case teams.TeamCreatedV1(team_id=team_id, title=title, restricted=restricted):
                await _CREATE_TEAM.execute(
                    work,
                    team_id=team_id,
                    title=title,
                    restricted=restricted,
                    version=fact.version,
                )
            case teams.TeamChangedV1(team_id=team_id, title=title, restricted=restricted):
                await _CHANGE_TEAM.execute(
                    work, id=team_id, title=title, restricted=restricted, version=fact.version
                )


VIEWS: tuple[View, ...] = (UserView(), TeamView())
"""All read models of the gateway, for `Database.connect` and `ops rebuild`."""

"""Accounts for managers, names for colleagues, teams."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from deskstream_chassis.http.guard import CallerDep, guarded
from deskstream_chassis.http.pages import MAX_LIMIT, Cursor, Cursors, Limit, Page, page
from gateway.application.app import GatewayApp
from gateway.application.change_team import ChangeTeam
from gateway.application.change_user_status import ChangeUserStatus
from gateway.application.create_team import CreateTeam
from gateway.application.ports import TeamRow, UserRow
from gateway.application.reset_factor import ResetFactor
from gateway.application.set_user_teams import SetUserTeams
from gateway.domain.user import Status
from gateway.interface.http.schemas import (
    ChangedUser,
    ColleagueAnswer,
    FactorReset,
    NewTeam,
    StatusChange,
    TeamAnswer,
    TeamChange,
    TeamList,
    Teams,
    UserAnswer,
)

UserId = Annotated[UUID, Path(alias="id")]
TeamId = Annotated[UUID, Path(alias="id")]
_ACCOUNTS = Cursors("admin/users", UUID)
_COLLEAGUES = Cursors("users", UUID)


def staff_router(app: GatewayApp) -> APIRouter:
    """The routes of users and teams."""
    router = APIRouter(prefix="/api", tags=["staff"])

    @router.get("/admin/users")
    @guarded("role:manager")
    async def accounts(
        status: Annotated[Status | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[UserAnswer]:
        """Accounts, oldest first."""
        after = _ACCOUNTS.read(cursor, status)
        rows = await app.queries.users(status=status, after=after, limit=limit + 1)
        shown, following = page(rows, limit, lambda row: _ACCOUNTS.write(row.user_id, status))
        return Page(items=[UserAnswer.of(row) for row in shown], next=following)

    @router.post("/admin/users/{id}/status")
    @guarded("role:manager")
    async def change_status(user_id: UserId, body: StatusChange, caller: CallerDep) -> ChangedUser:
        """Approve, reinstate, change role or suspend; of a suspended one the open tickets."""
        teams = None if body.teams is None else tuple(body.teams)
        command = ChangeUserStatus(user_id, body.status, body.role, teams, body.reason)
        await caller.once(app.change_user_status, command, type(None))
        suspended = body.status == "suspended"
        assigned = await app.open_tickets.assigned_to(user_id) if suspended else None
        return ChangedUser.after(await app.queries.user(user_id), assigned)

    @router.put("/admin/users/{id}/teams")
    @guarded("role:manager")
    async def set_teams(user_id: UserId, body: TeamList, caller: CallerDep) -> UserAnswer:
        """The whole list of someone's teams."""
        command = SetUserTeams(user_id, tuple(body.teams))
        await caller.once(app.set_user_teams, command, type(None))
        return UserAnswer.of(await app.queries.user(user_id))

    @router.post("/admin/users/{id}/reset-factor")
    @guarded("role:admin")
    async def reset_factor(user_id: UserId, body: FactorReset, caller: CallerDep) -> UserAnswer:
        """Takes off a lost second factor; all sessions of that person end, a mail tells him."""
        command = ResetFactor(user_id, body.reason)
        await caller.once(app.reset_factor, command, type(None))
        return UserAnswer.of(await app.queries.user(user_id))

    @router.get("/users")
    @guarded("session:own")
    async def colleagues(cursor: Cursor = None, limit: Limit = MAX_LIMIT) -> Page[ColleagueAnswer]:
        """Active colleagues, to assign tickets to."""
        after = _COLLEAGUES.read(cursor)
        rows = await app.queries.users(status="active", after=after, limit=limit + 1)
        shown, following = page(rows, limit, _colleague_cursor)
        return Page(items=[ColleagueAnswer.of(row) for row in shown], next=following)

    @router.get("/teams")
    @guarded("session:own")
    async def teams() -> Teams:
        """All teams."""
        return Teams(items=[TeamAnswer.of(row) for row in await app.queries.teams()])

    @router.post("/teams", status_code=201)
    @guarded("role:admin")
    async def create_team(body: NewTeam, caller: CallerDep) -> TeamAnswer:
        """A team without members yet."""
        command = CreateTeam(body.title, body.restricted)
        return TeamAnswer.of(await caller.once(app.create_team, command, TeamRow))

    @router.put("/teams/{id}")
    @guarded("role:admin")
    async def change_team(team_id: TeamId, body: TeamChange, caller: CallerDep) -> TeamAnswer:
        """Another title, or restricted or open."""
        command = ChangeTeam(team_id, body.title, body.restricted)
        return TeamAnswer.of(await caller.once(app.change_team, command, TeamRow))

    return router


def _colleague_cursor(row: UserRow) -> str:
    return _COLLEAGUES.write(row.user_id)

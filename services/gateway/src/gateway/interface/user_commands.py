"""`python -m gateway user …`: accounts from a shell of the installation, as `system:operator`."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args
from uuid import UUID

from deskstream_events.gateway.user import Role
from gateway.application.app import GatewayApp
from gateway.application.change_user_status import ChangeUserStatus
from gateway.application.ports import UserRow
from gateway.application.reset_factor import ResetFactor
from gateway.domain.user import Status
from gateway.interface.shell import Command, Parser, operator, told

PAGE = 500


def user_commands(app: GatewayApp) -> Mapping[str, Command]:
    """`user-list`, `user-suspend`, `user-role`, `user-reset-factor`. WHO is an id or an address."""

    async def user_list(arguments: Sequence[str]) -> Any:
        """Names and addresses with `--personal` only."""
        parser = Parser("user list")
        parser.add_argument("--status", choices=get_args(Status))
        parser.add_argument("--personal", action="store_true")
        given = parser.parse_args(arguments)
        rows: list[UserRow] = []
        while page := await app.queries.users(
            status=given.status, after=rows[-1].user_id if rows else None, limit=PAGE
        ):
            rows += page
        return {"items": [_shown(row, personal=given.personal) for row in rows]}

    async def user_suspend(arguments: Sequence[str]) -> Any:
        given = _about("user suspend", arguments, reason=True)
        return await change(given.who, status="suspended", reason=given.reason)

    async def user_role(arguments: Sequence[str]) -> Any:
        """Lets him in with this role: approves or reinstates him, as his account stands."""
        given = _about("user role", arguments, role=True)
        return await change(given.who, status="active", role=given.role)

    async def user_reset_factor(arguments: Sequence[str]) -> Any:
        given = _about("user reset-factor", arguments, reason=True)
        user_id = await told(app.find_user(given.who, operator()))
        command = ResetFactor(user_id, given.reason)
        await told(operator().once(app.reset_factor, command, type(None)))
        return await after(user_id)

    async def change(who: str, **changes: Any) -> Any:
        user_id = await told(app.find_user(who, operator()))
        command = ChangeUserStatus(user_id, **changes)
        await told(operator().once(app.change_user_status, command, type(None)))
        return await after(user_id)

    async def after(user_id: UUID) -> Any:
        return _shown(await app.queries.user(user_id), personal=False)

    return {
        "user-list": user_list,
        "user-suspend": user_suspend,
        "user-role": user_role,
        "user-reset-factor": user_reset_factor,
    }


def _about(name: str, arguments: Sequence[str], *, reason: bool = False, role: bool = False) -> Any:
    parser = Parser(name)
    parser.add_argument("who")
    if role:
        parser.add_argument("role", choices=get_args(Role))
    if reason:
        parser.add_argument("--reason", required=True)
    return parser.parse_args(arguments)


def _shown(row: UserRow, *, personal: bool) -> dict[str, Any]:
    about = {"email": row.email, "name": row.name} if personal else {}
    return {
        "id": row.user_id,
        **about,
        "role": row.role,
        "status": row.status,
        "teams": list(row.teams),
        "has_factor": row.has_factor,
        "registered_at": row.registered_at,
    }

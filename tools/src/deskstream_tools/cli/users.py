"""Accounts of the staff: through the gateway's own commands."""

import json
from typing import Annotated, Literal

import typer

from deskstream_tools.cli.common import AsJson, Data, Personal, known_stack, service_says, show

user = typer.Typer(help="Accounts of the staff. WHO is an id or an address.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="Id or address of the account.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the account.")]
Role = Literal["admin", "manager", "agent", "viewer"]
Status = Literal["unverified", "waiting", "active", "suspended"]


@user.command("list")
def list_users(
    status: Status | None = None,
    personal: Personal = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """All accounts, oldest first.

    Example: `desk user list --status waiting --personal`
    """
    arguments = ["--status", status] if status else []
    arguments += ["--personal"] if personal else []
    done = service_says(known_stack(data), "gateway", "user", "list", *arguments)
    show(json.loads(done.stdout), as_json=as_json)


@user.command("role")
def set_role(who: Who, role: Role, data: Data = None, as_json: AsJson = False) -> None:
    """Let someone in with this role: approves or reinstates, as the account stands.

    Example: `desk user role ada@desk.test agent`
    """
    done = service_says(known_stack(data), "gateway", "user", "role", who, role)
    show(json.loads(done.stdout), as_json=as_json)


@user.command("suspend")
def suspend(who: Who, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Shut someone out; his sessions end within 5 seconds."""
    arguments = ("user", "suspend", who, "--reason", reason)
    done = service_says(known_stack(data), "gateway", *arguments)
    show(json.loads(done.stdout), as_json=as_json)


@user.command("reset-factor")
def reset_factor(who: Who, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Take off a lost second factor; its owner is told by mail."""
    arguments = ("user", "reset-factor", who, "--reason", reason)
    done = service_says(known_stack(data), "gateway", *arguments)
    show(json.loads(done.stdout), as_json=as_json)

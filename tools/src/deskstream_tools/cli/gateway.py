"""Accounts, keys, routes and scheduled jobs: through the gateway's own commands and its API."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import typer

from deskstream_tools.cli.common import (
    AsJson,
    Data,
    data_folder,
    fail,
    known_stack,
    service_says,
    show,
)
from deskstream_tools.local.secrets import write_private
from deskstream_tools.local.settings import StackSettings
from deskstream_tools.local.stack import Stack

admin = typer.Typer(help="Administrators.", no_args_is_help=True)
key = typer.Typer(help="API keys.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail.", no_args_is_help=True)


@audit.command("verify")
def verify_audit(data: Data = None, as_json: AsJson = False) -> None:
    """Check the trail against its hash chain; a break is named and ends with 1."""
    done = service_says(known_stack(data), "gateway", "audit", "verify")
    show(json.loads(done.stdout), as_json=as_json)


@audit.command("tail")
def tail_audit(
    count: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """What happened at the gate last."""
    done = service_says(known_stack(data), "gateway", "audit", "tail", str(count))
    show(json.loads(done.stdout), as_json=as_json)


@admin.command("create")
def create_admin(
    email: Annotated[str, typer.Option()], name: Annotated[str, typer.Option()], data: Data = None
) -> None:
    """Create an administrator; the password is asked, or read from standard input.

    Example: `desk admin create --email ada@desk.test --name Ada`
    """
    stack = known_stack(data)
    if sys.stdin.isatty():
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    arguments = ("admin", "create", email, "--name", name, "--password-stdin")
    service_says(stack, "gateway", *arguments, entered=f"{password}\n")
    typer.echo(f"{email} is an administrator")


@key.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as tickets:create.")],
    rate: Annotated[int | None, typer.Option(help="Requests a minute.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Create a key; prints its secret, this once.

    Example: `KEY=$(desk key create --name shop --scope tickets:create)`
    """
    made = make_key(known_stack(data), name, scope, rate)
    if as_json:
        show(made, as_json=True)
        return
    typer.echo(f"key {made['id']}, scopes {', '.join(made['scopes'])}", err=True)
    typer.echo(made["secret"])


def make_key(stack: Stack, name: str, scopes: list[str], rate: int | None) -> dict[str, Any]:
    """A new key as the gateway answers it."""
    more = [word for scope in scopes for word in ("--scope", scope)]
    more += ["--rate", str(rate)] if rate is not None else []
    done = service_says(stack, "gateway", "key", "create", name, *more)
    made: dict[str, Any] = json.loads(done.stdout)
    return made


@key.command("list")
def list_keys(data: Data = None, as_json: AsJson = False) -> None:
    """All keys; secrets are never shown again."""
    done = service_says(known_stack(data), "gateway", "key", "list")
    show(json.loads(done.stdout), as_json=as_json)


@key.command("rotate")
def rotate_key(
    key_id: str,
    overlap: Annotated[int, typer.Option(help="Seconds for which the old secret works.")] = 0,
    data: Data = None,
) -> None:
    """Give a key another secret; prints it, this once."""
    arguments = ("key", "rotate", key_id, "--overlap", str(overlap))
    done = service_says(known_stack(data), "gateway", *arguments)
    typer.echo(json.loads(done.stdout)["secret"])


@key.command("revoke")
def revoke_key(key_id: str, data: Data = None) -> None:
    """End a key at once."""
    service_says(known_stack(data), "gateway", "key", "revoke", key_id)
    typer.echo("revoked")


def routes(as_json: AsJson = False, data: Data = None) -> None:
    """Every served route: method, path, service, access, rate."""
    settings = StackSettings.known(data_folder(data))
    env = dict(Stack(settings).env("gateway")) if settings else dict(os.environ)
    command = [sys.executable, "-m", "gateway", "routes", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise fail(done.stderr.strip(), done.returncode)
    rows = json.loads(done.stdout)
    if as_json:
        typer.echo(done.stdout.rstrip())
        return
    for row in rows.get("items", rows) if isinstance(rows, dict) else rows:
        rate = f"{row['rate']}" if row.get("rate") else ""
        typer.echo(
            f"{row['method']:7}{row['path']:48}{row['service']:11}{row['access']!s:28}{rate}"
        )


def cron(
    name: Annotated[str, typer.Argument(help="Such as `outbox`.")],
    gateway: Annotated[str | None, typer.Option(help="Its address.", envvar="DESK_GATEWAY")] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(help="File with a key of scope cron:NAME.", envvar="DESK_CRON_KEY"),
    ] = None,
    data: Data = None,
) -> None:
    """Call one of the gateway's scheduled routes, with a key of its own.

    Locally the key is made at the first call. Exit code 1 where the answer is not 2xx.
    Example: `desk cron outbox`
    """
    if gateway is None or key_file is None:
        stack = known_stack(data)
        gateway = gateway or stack.settings.url("gateway-api")
        key_file = key_file or _local_cron_key(stack, name)
    secret = key_file.read_text(encoding="utf-8").strip()
    request = urllib.request.Request(  # noqa: S310 - an address that the operator gave
        f"{gateway}/api/cron/{name}", headers={"Authorization": f"Bearer {secret}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            typer.echo(answer.read().decode())
    except urllib.error.HTTPError as refused:
        raise fail(refused.read().decode()) from refused
    except OSError as away:
        raise fail(f"the gateway at {gateway} does not answer: {away}") from away


def _local_cron_key(stack: Stack, name: str) -> Path:
    path = stack.settings.data / f"cron-{Path(name).name}.key"
    if not path.exists():
        made = make_key(stack, f"desk cron {name}", [f"cron:{name}"], None)
        write_private(path, made["secret"] + "\n")
    return path

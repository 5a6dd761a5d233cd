"""What the commands share: options, the stack meant, running a service's own commands."""

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any

import typer

from deskstream_tools.local.settings import StackSettings
from deskstream_tools.local.stack import Stack

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Data folder of the stack.", envvar="DESKSTREAM_DATA"),
]
Personal = Annotated[bool, typer.Option("--personal", help="Show names, addresses and texts too.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")]


def fail(text: str, code: int = 1) -> "typer.Exit":
    """Say on standard error what went wrong; raise what it returns."""
    typer.echo(text, err=True)
    return typer.Exit(code)


def data_folder(data: Path | None) -> Path:
    """The folder meant, absolute."""
    return (data or StackSettings().data).resolve()


def known_stack(data: Path | None) -> Stack:
    """The stack that was started with this data folder; ends the command where there is none."""
    settings = StackSettings.known(data_folder(data))
    if settings is None:
        raise fail(f"no stack was started with data in {data_folder(data)}: `desk up` first")
    return Stack(settings, typer.echo)


def service_says(
    stack: Stack, service: str, *arguments: str, entered: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a service's command; on failure passes its words and exit code on."""
    done = stack.run(service, *arguments, entered=entered)
    if done.returncode != 0:
        raise fail(f"{service}: {_reason(done)}", done.returncode)
    return done


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """The error code of a service's answer, or else what it wrote to standard error."""
    try:
        return str(json.loads(done.stdout)["error"])
    except (ValueError, KeyError, TypeError):
        return done.stderr.strip() or f"exit code {done.returncode}"


def ops(stack: Stack, service: str, *arguments: str) -> Any:
    """The answer of `python -m SERVICE ops …`; ends the command where it fails."""
    return json.loads(service_says(stack, service, "ops", *arguments).stdout)


def show(value: Any, *, as_json: bool) -> None:
    """Print an answer: JSON, or a line per item with its fields."""
    if as_json:
        typer.echo(json.dumps(value, indent=2))
        return
    items = value.get("items", value) if isinstance(value, dict) else value
    if isinstance(items, dict):
        for name, field in items.items():
            typer.echo(f"{name}: {_plain(field)}")
        return
    for item in items:
        fields = item.items() if isinstance(item, dict) else enumerate([item])
        typer.echo("  ".join(f"{name}={_plain(field)}" for name, field in fields))
    if not items:
        typer.echo("nothing")


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

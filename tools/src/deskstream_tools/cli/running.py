"""up, down, status, reset."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deskstream_tools.cli.common import Data, data_folder, fail, known_stack
from deskstream_tools.local.kafka_jars import Missing
from deskstream_tools.local.settings import StackSettings, Unusable
from deskstream_tools.local.stack import AlreadyRunning, Stack

NOT_RUNNING = 3
Out = Annotated[
    Path | None, typer.Option("--out", help="Folder for stack.json and the admin's password.")
]
Prefix = Annotated[
    str | None, typer.Option("--prefix", help="In front of every topic, such as `t1.`.")
]
Ports = Annotated[
    str, typer.Option("--ports", help="`free`: ports that nobody uses; else the usual ones.")
]
Port = Annotated[
    list[str], typer.Option("--port", help="One port by name: `--port gateway-api=9000`.")
]


def chosen(
    data: Path | None, out: Path | None, prefix: str | None, ports: str, port: list[str]
) -> StackSettings:
    """The settings that the options and the environment ask for. Raises Unusable."""
    found = StackSettings.from_environment()
    folder = (data or found.data).resolve()
    before = StackSettings.known(folder)
    if prefix is None:  # the data know their topics
        prefix = found.topic_prefix or (before.topic_prefix if before else "")
    found = replace(found, data=folder, out=(out or found.out).resolve(), topic_prefix=prefix)
    if ports not in ("usual", "free"):
        raise Unusable(f"--ports is `free` or `usual`, not {ports!r}")
    found = found.with_free_ports() if ports == "free" else found
    pairs = [text.partition("=") for text in port]
    return found.with_ports({name: value for name, _, value in pairs})


def up(
    data: Data = None,
    out: Out = None,
    prefix: Prefix = None,
    ports: Ports = "usual",
    port: Port = [],  # noqa: B006 - typer copies it
) -> None:
    """Start everything and leave it running.

    Examples: `desk up` · `desk up --data /tmp/second --ports free --prefix second.`
    """
    begun = time.monotonic()
    try:
        stack = Stack(chosen(data, out, prefix, ports, port), typer.echo)
        stack.up()
    except AlreadyRunning:
        typer.echo("it already runs:")
        tell(known_stack(data))
        return
    except (Unusable, Missing, RuntimeError, PermissionError) as wrong:
        raise fail(str(wrong)) from wrong
    typer.echo(f"Deskstream is up after {time.monotonic() - begun:.1f} s")
    tell(stack)


def tell(stack: Stack) -> None:
    """Print where everything is."""
    settings = stack.settings
    typer.echo(f"  API and pages  {settings.url('gateway-api')}")
    typer.echo(f"  mailbox        {settings.url('mailbox-page')}")
    typer.echo(f"  Kafka          {settings.bootstrap}")
    typer.echo(f"  first admin    {settings.admin_email}, password in {settings.password_file}")
    typer.echo(f"  addresses      {settings.stack_file}")
    typer.echo(f"  logs           {stack.logs}")


def down(data: Data = None) -> None:
    """Stop everything, also what a crash left behind. Data stay."""
    settings = StackSettings.known(data_folder(data))
    if settings is None:
        typer.echo("nothing was started here")
        return
    Stack(settings, typer.echo).down()
    typer.echo("stopped; the data stay")


def status(data: Data = None) -> None:
    """What runs. Exit code 0: all serve; 1: some do not; 3: it does not run."""
    settings = StackSettings.known(data_folder(data))
    parts = Stack(settings).status() if settings else {}
    if settings is None or not parts:
        typer.echo("it does not run")
        raise typer.Exit(NOT_RUNNING)
    Stack(settings).note()
    for name, part in parts.items():
        serves = "serves" if part.serves else "does not serve"
        state, pid, age = part.state.state, part.state.pid or "-", part.state.seconds
        typer.echo(f"{name:10} {state:8} pid {pid!s:7} {age:6} s  {serves}")
    typer.echo(f"mail is taken at 127.0.0.1:{settings.ports['mail-in']}")
    if not all(part.serves for part in parts.values()):
        raise typer.Exit(1)


def reset(
    data: Data = None, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Stop everything and drop its data, after asking."""
    folder = data_folder(data)
    settings = StackSettings.known(folder)
    if settings is None:
        typer.echo(f"there are no data in {folder}")
        return
    if not yes:
        typer.confirm(f"drop all tickets, mails and events in {folder}?", abort=True)
    Stack(settings, typer.echo).reset()
    typer.echo("dropped")

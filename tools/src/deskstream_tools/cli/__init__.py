"""The `desk` command: the local stack, the demo, and what operators do."""

from collections.abc import Callable

import typer

from deskstream_tools.cli.demonstrating import demo
from deskstream_tools.cli.events import events
from deskstream_tools.cli.gateway import admin, audit, cron, key, routes
from deskstream_tools.cli.operating import (
    dead_letters,
    effects,
    lag,
    migrate,
    parked,
    rebuild,
    replay,
    show_stream,
    topics,
)
from deskstream_tools.cli.running import down, reset, status, up
from deskstream_tools.cli.users import user

app = typer.Typer(
    help="Deskstream on this machine: start it, show it, look into it.\n\n"
    "Examples: `desk up` · `desk demo --tickets questions.csv` · "
    "`desk events ticketing.ticket.v1 --follow` · `desk down`",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
STACK = "The stack"
LOOK = "Looking into it"
MEND = "Mending"


def _add(panel: str, *commands: Callable[..., None]) -> None:
    for command in commands:
        app.command(rich_help_panel=panel)(command)


_add(STACK, up, down, status, reset, demo)
_add(LOOK, events, routes, lag)
_add(MEND, parked, dead_letters, replay, rebuild, migrate, cron)
app.command("show", rich_help_panel=LOOK)(show_stream)
app.add_typer(effects, name="effects", rich_help_panel=MEND)
app.add_typer(topics, name="topics", rich_help_panel=LOOK)
app.add_typer(admin, name="admin", rich_help_panel=STACK)
app.add_typer(audit, name="audit", rich_help_panel=LOOK)
app.add_typer(user, name="user", rich_help_panel=STACK)
app.add_typer(key, name="key", rich_help_panel=STACK)

"""`desk demo`: the main job on the running stack, or on one of its own."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deskstream_tools.cli.common import Data, data_folder, fail
from deskstream_tools.cli.running import Out, chosen, tell
from deskstream_tools.demo.rows import BadFile, read_rows
from deskstream_tools.demo.target import Target
from deskstream_tools.local.kafka_jars import ROOT, Missing
from deskstream_tools.local.settings import StackSettings, Unusable
from deskstream_tools.local.stack import Stack

PREFIX = "demo."
BEGUN = "DESKSTREAM_BEGUN"
"""When `make demo` began, in epoch seconds; the Makefile sets it."""


def demo(
    tickets: Annotated[
        Path | None, typer.Option(help="A CSV file with a column `text`, optionally `category`.")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Requests at a time.", min=1, max=256)] = 16,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the stack that it started running.")
    ] = False,
    data: Data = None,
    out: Out = None,
) -> None:
    """Play the main job through the gateway and check every hop.

    Uses the running stack; where none runs, starts one of its own (fresh data, free ports) and
    stops it. Exit code 0: every check held; 1: one did not; 2: all held, but rows of the file were
    unusable. Numbers are in `out/demo.json`.

    Example: `desk demo --tickets questions.csv --concurrency 32`
    """
    begun = float(os.environ.get(BEGUN) or time.time())
    setup = time.time() - begun
    starting = time.monotonic()
    import httpx  # both are slow to import

    from deskstream_tools.demo.run import demo as play

    try:
        if tickets:
            read_rows(tickets)  # an unusable file is said at once
        stack, ours = _stack(data, out)
    except (BadFile, Unusable) as wrong:
        raise fail(str(wrong)) from wrong
    try:
        if ours:
            typer.echo(f"set-up took {setup:.1f} s; starting a stack for the demo")
            stack.reset()
            stack.up()
        start = time.monotonic() - starting if ours else 0.0
        typer.echo(f"the stack runs, after {start:.1f} s")
        code = asyncio.run(
            play(
                target_of(stack),
                tickets=tickets,
                concurrency=concurrency,
                begun=begun,
                setup_s=setup,
                start_s=start,
            )
        )
    except (Unusable, Missing, RuntimeError, httpx.HTTPError) as wrong:
        raise fail(f"{type(wrong).__name__}: {wrong}") from wrong
    finally:
        if ours and not keep:
            stack.down()
    _where_to_look(stack, runs=keep or not ours)
    raise typer.Exit(code)


def _stack(data: Path | None, out: Path | None) -> tuple[Stack, bool]:
    """The stack to play on, and whether it is the demo's own."""
    settings = StackSettings.known(data_folder(data))
    if settings is not None and Stack(settings).running():
        return Stack(settings, typer.echo), False
    wanted = chosen(data or ROOT / ".data" / "demo", out, PREFIX, "free", [])
    before = StackSettings.known(wanted.data)
    foreign = before.topic_prefix != PREFIX if before else any(wanted.data.glob("*"))
    if foreign:  # a demo begins by dropping the data of the one before
        raise Unusable(f"{wanted.data} holds something else than a demo: choose another --data")
    undo = {"UNDO_SECONDS": "1", **wanted.environment.get("ticketing", {})}
    environment = {**wanted.environment, "ticketing": undo}
    return Stack(replace(wanted, environment=environment), typer.echo), True


def target_of(stack: Stack) -> Target:
    """A stack as the demo and the suites address it."""
    settings = stack.settings
    return Target(
        gateway_url=settings.url("gateway-api"),
        public_url=settings.url("gateway-api"),
        mailbox_url=settings.url("mailbox-page"),
        kafka_bootstrap=settings.bootstrap,
        topic_prefix=settings.topic_prefix,
        ticketing_dsn=stack.dsn("ticketing"),
        admin_email=settings.admin_email,
        admin_password=stack.admin_password,
        out=settings.out,
    )


def _where_to_look(stack: Stack, *, runs: bool) -> None:
    typer.echo(f"numbers: {stack.settings.out / 'demo.json'}")
    if runs:
        tell(stack)
    else:
        again = f"desk up --data {stack.settings.data} --ports free"
        typer.echo(f"the stack is stopped; its logs: {stack.logs}; to look around in it: {again}")

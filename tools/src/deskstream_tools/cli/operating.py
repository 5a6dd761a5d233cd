"""What operators ask of the services' stores; each runs the service's own command."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer

from deskstream_events import TOPICS
from deskstream_tools.cli.common import (
    AsJson,
    Data,
    Personal,
    fail,
    known_stack,
    ops,
    service_says,
    show,
)
from deskstream_tools.local.settings import SERVICES

Service = Annotated[str, typer.Argument(help="gateway, ticketing or notifier.")]
Consumer = Annotated[str | None, typer.Option(help="Such as ticketing.people.")]
Some = Annotated[str | None, typer.Argument(help="One service; all of them by default.")]


def _services(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in SERVICES:
        raise fail(f"no service is called {service!r}; there are {', '.join(SERVICES)}", 2)
    return (service,) if service else SERVICES


def _each(command: str, service: str | None, data: Data, *options: str, as_json: bool) -> None:
    stack = known_stack(data)
    names = _services(service)
    with ThreadPoolExecutor() as pool:  # each is a process of its own
        asked = pool.map(lambda name: ops(stack, name, command, *options), names)
        answers = dict(zip(names, asked, strict=True))
    if as_json:
        show(answers, as_json=True)
        return
    for name, answer in answers.items():
        typer.echo(f"{name}:")
        show(answer, as_json=False)


def lag(service: Some = None, data: Data = None, as_json: AsJson = False) -> None:
    """How far relays and consumers are behind."""
    _each("lag", service, data, as_json=as_json)


def parked(
    service: Some = None,
    consumer: Consumer = None,
    personal: Personal = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Streams that wait because one of their events failed."""
    options = _given("--consumer", consumer) + ["--reveal"] * personal
    _each("parked", service, data, *options, as_json=as_json)


def dead_letters(
    service: Some = None,
    consumer: Consumer = None,
    everything: Annotated[bool, typer.Option("--all", help="Replayed ones too.")] = False,
    personal: Personal = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Records that could not be read."""
    options = _given("--consumer", consumer) + ["--all"] * everything + ["--reveal"] * personal
    _each("dead-letters", service, data, *options, as_json=as_json)


def _given(name: str, value: str | None) -> list[str]:
    return [name, value] if value is not None else []


def replay(
    service: Service,
    what: Annotated[str, typer.Argument(help="`parked` or `dead-letter`.")],
    which: Annotated[list[str], typer.Argument(help="Its id, or consumer and stream.")],
    data: Data = None,
) -> None:
    """Apply a parked stream or a dead letter again.

    Examples: `desk replay notifier dead-letter 0192…` · `desk replay ticketing parked
    ticketing.people 0192…`
    """
    show(ops(known_stack(data), service, "replay", what, *which), as_json=True)


def rebuild(service: Service, view: str, data: Data = None) -> None:
    """Make a read model anew beside the live one, compare checksums, swap.

    Example: `desk rebuild ticketing tickets`
    """
    show(ops(known_stack(data), service, "rebuild", view), as_json=False)


def show_stream(
    stream: Annotated[str, typer.Argument(help="The id of a ticket, user, message …")],
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="ISO time: the stream as it was then.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="The stream up to this version.")] = None,
    service: Annotated[str | None, typer.Option(help="Whose store; all by default.")] = None,
    personal: Personal = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """A stream's events, and with `--personal` its state, as of any instant or version.

    Example: `desk show 0192c0de-… --as-of 2027-01-31T12:00:00Z`
    """
    stack = known_stack(data)
    options = _given("--as-of", as_of) + ["--masked"] * (not personal)
    options += _given("--version", None if version is None else str(version))
    names = _services(service)
    with ThreadPoolExecutor() as pool:
        answers = list(
            pool.map(lambda name: stack.run(name, "ops", "show", stream, *options), names)
        )
    for name, answer in zip(names, answers, strict=True):
        if answer.returncode == 0:
            _stream(json.loads(answer.stdout), as_json=as_json)
            return
        if "unknown_stream" not in answer.stdout:
            raise fail(f"{name}: {(answer.stderr or answer.stdout).strip()}", answer.returncode)
    raise fail(f"no store holds a stream {stream}")


def _stream(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        show(found, as_json=True)
        return
    typer.echo(f"{found['stream_type']} {found['stream_id']} at version {found['version']}")
    for event in found["events"]:
        typer.echo(f"\n#{event['version']} {event['type']}  {event['recorded_at']}")
        for name, value in event["data"].items():
            typer.echo(f"    {name}: {value}")
    if "state" in found:
        typer.echo("\nthe state that they make:")
        for name, value in found["state"].items():
            typer.echo(f"    {name}: {value}")


def migrate(service: Some = None, data: Data = None) -> None:
    """Bring the schemas to their newest revision."""
    stack = known_stack(data)
    for name in _services(service):
        service_says(stack, name, "migrate")
        typer.echo(f"{name}: schema at head")


effects = typer.Typer(
    help="Calls to the outside world: mails, vendor writes.", no_args_is_help=True
)


@effects.command("list")
def list_effects(
    service: Some = None,
    status: Annotated[str | None, typer.Option(help="Such as held, failed, pending.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as mail.")] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Effects and what became of them."""
    options = _given("--status", status) + _given("--kind", kind)
    _each("effects", service, data, *options, as_json=as_json)


@effects.command("resolve")
def resolve_effect(
    service: Service,
    key: str,
    verdict: Annotated[str, typer.Argument(help="`happened` or `again`.")],
    data: Data = None,
) -> None:
    """Say of a held effect that it happened, or that it is to be done again.

    Example: `desk effects resolve notifier mail:0192… happened`
    """
    if verdict not in ("happened", "again"):
        raise fail("the verdict is `happened` or `again`", 2)
    show(ops(known_stack(data), service, "resolve", key, verdict), as_json=True)


topics = typer.Typer(help="Topics of the catalogue.", no_args_is_help=True)


@topics.command("list")
def list_topics(data: Data = None) -> None:
    """The catalogue, and what the broker has of it."""
    import asyncio

    from deskstream_tools import topics as broker

    settings = known_stack(data).settings
    for row in asyncio.run(broker.listed(settings.bootstrap, settings.topic_prefix)):
        state = f"{row.partitions} partitions" if row.partitions else "missing"
        typer.echo(f"{row.name:32} {state}")


@topics.command("create")
def create_topics(data: Data = None) -> None:
    """Create what is missing."""
    import asyncio

    from deskstream_tools import topics as broker

    settings = known_stack(data).settings
    made = asyncio.run(broker.create(settings.bootstrap, settings.topic_prefix))
    typer.echo(f"made: {', '.join(made)}" if made else "nothing was missing")


@topics.command("republish")
def republish(
    topic: str,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Drop the topic first: it forgets at once.")
    ] = False,
    data: Data = None,
) -> None:
    """Send a store's events again, in order; no outside effect starts from one.

    Example: `desk topics republish ticketing.ticket.v1`
    """
    owner = next((t.owner for t in TOPICS if t.name == topic), None)
    if owner is None:
        raise fail(f"the catalogue has no topic {topic!r}: `desk topics list`", 2)
    more = ["--recreate"] if recreate else []
    show(ops(known_stack(data), owner, "republish", topic, *more), as_json=True)

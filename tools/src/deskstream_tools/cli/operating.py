"""What operators ask of the services' stores; each runs the service's own command."""

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

import typer

from deskstream_events import TOPICS
from deskstream_tools.cli.common import AsJson, Data, fail, known_stack, ops, service_says, show
from deskstream_tools.local.settings import SERVICES

Service = Annotated[str, typer.Argument(help="gateway, ticketing or notifier.")]
Some = Annotated[str | None, typer.Argument(help="One service; all of them by default.")]


def _services(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in SERVICES:
        raise fail(f"no service is called {service!r}; there are {', '.join(SERVICES)}", 2)
    return (service,) if service else SERVICES


def _each(command: str, service: str | None, data: Data, *, as_json: bool) -> None:
    stack = known_stack(data)
    names = _services(service)
    with ThreadPoolExecutor() as pool:  # each is a process of its own
        asked = pool.map(lambda name: ops(stack, name, command), names)
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


def parked(service: Some = None, data: Data = None, as_json: AsJson = False) -> None:
    """Streams that wait because one of their events failed."""
    _each("parked", service, data, as_json=as_json)


def dead_letters(service: Some = None, data: Data = None, as_json: AsJson = False) -> None:
    """Records that could not be read."""
    _each("dead-letters", service, data, as_json=as_json)


def replay(
    service: Service,
    what: Annotated[str, typer.Argument(help="`parked` or `dead-letter`.")],
    which: Annotated[list[str], typer.Argument(help="Its id, or consumer and stream.")],
    data: Data = None,
) -> None:
    """Apply a parked stream or a dead letter again.

    Examples: `desk replay notifier dead-letter 12` · `desk replay ticketing parked
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
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """A stream's events, up to any instant or version. Shows personal data.

    Example: `desk show 0192c0de-… --as-of 2027-01-31T12:00:00Z`
    """
    stack = known_stack(data)
    options = ["--as-of", as_of] if as_of else []
    options += ["--version", str(version)] if version is not None else []
    last = None
    for name in _services(service):
        last = stack.run(name, "ops", "show", stream, *options)
        if last.returncode == 0:
            return _stream(ops(stack, name, "show", stream, *options), as_json=as_json)
    assert last is not None
    raise fail((last.stderr or last.stdout).strip() or "no such stream")


def _stream(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        return show(found, as_json=True)
    typer.echo(f"{found['stream_type']} {found['stream_id']} at version {found['version']}")
    for event in found["events"]:
        typer.echo(f"\n#{event['version']} {event['type']}  {event['recorded_at']}")
        for name, value in event["data"].items():
            typer.echo(f"    {name}: {value}")
    return None


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
def list_effects(service: Some = None, data: Data = None, as_json: AsJson = False) -> None:
    """Effects that are not done: pending, held, failed."""
    _each("effects", service, data, as_json=as_json)


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

"""`python -m SERVICE ops …`: operations by command line, one JSON document as the answer."""

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

from deskstream_chassis.operations import OPERATOR, OperationFailed, Operations

Command = Callable[[Sequence[str]], Awaitable[Any]]


class WrongUsage(Exception):
    """The arguments are not those of a command."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongUsage(f"{self.format_usage().strip()}: {message}")


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone is no instant")
    return found


def _parser(own: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="ops", exit_on_error=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    def command(name: str, *positional: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, exit_on_error=False)
        for argument in positional:
            made.add_argument(argument, type=UUID if argument == "stream" else str)
        return made

    def decided(made: argparse.ArgumentParser) -> None:
        made.add_argument("--actor", default=OPERATOR)
        made.add_argument("--reason", default="by command line")

    command("lag")
    command("operations")
    parked = command("parked")
    parked.add_argument("--consumer")
    parked.add_argument("--stream", type=UUID)
    letters = command("dead-letters")
    letters.add_argument("--consumer")
    letters.add_argument("--all", action="store_true")
    for made in (parked, letters):
        made.add_argument("--reveal", action="store_true")
    effects = command("effects")
    effects.add_argument("--status")
    effects.add_argument("--kind")
    resolve = command("resolve", "key")
    resolve.add_argument("verdict", choices=["happened", "again"])
    decided(resolve)
    replay = command("replay").add_subparsers(dest="what", required=True, parser_class=_Parser)
    stream = replay.add_parser("parked", exit_on_error=False)
    stream.add_argument("consumer")
    stream.add_argument("stream", type=UUID)
    letter = replay.add_parser("dead-letter", exit_on_error=False)
    letter.add_argument("letter", type=UUID)
    decided(stream)
    decided(letter)
    command("rebuild", "view")
    show = command("show", "stream")
    show.add_argument("--version", type=int)
    show.add_argument("--as-of", type=_instant)
    show.add_argument("--masked", action="store_true")
    republish = command("republish", "topic")
    republish.add_argument("--stream", type=UUID)
    republish.add_argument("--recreate", action="store_true")
    for name in own:
        commands.add_parser(name)
    return parser


async def _run(operations: Operations, given: argparse.Namespace) -> Any:
    match given.command:
        case "lag":
            return await operations.lag()
        case "operations":
            return await operations.history()
        case "parked":
            return await operations.parked(given.consumer, given.stream, reveal=given.reveal)
        case "dead-letters":
            replayed = None if given.all else False
            return await operations.dead_letters(
                given.consumer, replayed=replayed, reveal=given.reveal
            )
        case "effects":
            return await operations.effects(given.status, given.kind)
        case "resolve":
            return await operations.resolve(
                given.key, given.verdict, actor=given.actor, reason=given.reason
            )
        case "replay":
            return await _replay(operations, given)
        case "rebuild":
            return await operations.rebuild(given.view)
        case "show":
            return await operations.show(
                given.stream, given.version, given.as_of, reveal=not given.masked
            )
        case _:
            return await operations.republish(given.topic, given.stream, recreate=given.recreate)


async def _replay(operations: Operations, given: argparse.Namespace) -> Any:
    why = {"actor": given.actor, "reason": given.reason}
    if given.what == "parked":
        return await operations.replay_parked(given.consumer, given.stream, **why)
    return await operations.replay_dead_letter(given.letter, **why)


async def run_command(
    operations: Operations | None, own: Mapping[str, Command], arguments: Sequence[str]
) -> tuple[int, Any]:
    """Run one subcommand: exit code and answer. 1 `{"error": code}`; 2 `{"error": usage}`."""
    if arguments and arguments[0] in own:
        return await _answer(own[arguments[0]](arguments[1:]))
    try:
        given = _parser(sorted(own)).parse_args(arguments)
    except (WrongUsage, argparse.ArgumentError) as error:
        return 2, {"error": str(error)}
    if operations is None:
        return 1, {"error": "no_operations"}
    return await _answer(_run(operations, given))


async def _answer(result: Awaitable[Any]) -> tuple[int, Any]:
    try:
        return 0, await result
    except OperationFailed as error:
        return 1, {"error": error.code}

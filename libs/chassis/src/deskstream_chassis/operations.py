"""What operators do to a service's store: the same by command line and by `/internal/ops/*`.

Answers are JSON values. `show` and the dead letters may hold personal data: they go to the operator
who asked, never to a log.
"""

import argparse
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_eventstore import Database, KafkaSettings


class OperationFailed(Exception):
    """A stable code of what went wrong (`unknown_view`)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Operations:
    """The operations of one service, on its own database and its own topics."""

    def __init__(self, database: Database, service: str, kafka: KafkaSettings) -> None:
        self._database = database
        self._service = service
        self._kafka = kafka

    async def show(
        self, stream_id: UUID, version: int | None = None, as_of: datetime | None = None
    ) -> dict[str, Any]:
        """The events of a stream up to a version or instant. Raises OperationFailed."""
        async with self._database.reading() as work:
            events = await work.load(stream_id, to_version=version, as_of=as_of)
        if not events:
            raise OperationFailed("unknown_stream")
        return {
            "stream_id": str(stream_id),
            "stream_type": events[0].stream_type,
            "version": events[-1].version,
            "events": [
                {
                    "position": event.position,
                    "version": event.version,
                    "event_id": str(event.event_id),
                    "type": event.event.TYPE,
                    "recorded_at": event.recorded_at,
                    "data": event.event.model_dump(mode="json"),
                    "meta": event.meta.as_json(),
                }
                for event in events
            ],
        }


Command = Callable[[Sequence[str]], Awaitable[Any]]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise OperationFailed(f"usage: {message}")


def _parser(own: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="ops", exit_on_error=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    show = commands.add_parser("show")
    show.add_argument("stream", type=UUID)
    show.add_argument("--version", type=int)
    show.add_argument("--as-of", type=datetime.fromisoformat)
    for name in own:
        commands.add_parser(name).add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


async def run_command(
    operations: Operations | None, own: Mapping[str, Command], arguments: Sequence[str]
) -> tuple[int, Any]:
    """Run one `ops` subcommand: exit code and answer. 1 `{"error": code}`, 2 wrong usage."""
    if arguments and arguments[0] in own:
        return await _answer(own[arguments[0]](arguments[1:]))
    try:
        parsed = _parser(sorted(own)).parse_args(arguments)
    except (OperationFailed, argparse.ArgumentError) as error:
        return 2, {"error": str(error)}
    if operations is None:
        return 1, {"error": "no_operations"}
    return await _answer(operations.show(parsed.stream, parsed.version, parsed.as_of))


async def _answer(result: Awaitable[Any]) -> tuple[int, Any]:
    try:
        return 0, await result
    except OperationFailed as error:
        return 1, {"error": error.code}

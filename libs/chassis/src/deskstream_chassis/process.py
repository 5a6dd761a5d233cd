"""One service, one command: `python -m SERVICE api|worker|all|migrate|ops …|openapi`."""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import asyncpg
import uvloop
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from pydantic_settings import SettingsError
from starlette.types import ASGIApp

from deskstream_chassis.commands import run_command
from deskstream_chassis.health import OpsRoute
from deskstream_chassis.http.errors import STORE_DOWN
from deskstream_chassis.logs import configure_logs, log, where
from deskstream_chassis.migrations import migrate, migrations_folder
from deskstream_chassis.operations import Operations
from deskstream_chassis.settings import ServiceSettings
from deskstream_eventstore import Database

S = TypeVar("S", bound=ServiceSettings)
Role = Literal["api", "worker", "all"]
ROLES: tuple[Role, ...] = ("api", "worker", "all")


@dataclass(frozen=True)
class Worker:
    """Something that runs until `stopping` is set, then finishes, commits and returns.

    `health` reports `assigned`, `position_age` (seconds) and `lag`, if it follows a topic.
    """

    name: str
    run: Callable[[asyncio.Event], Awaitable[None]]
    health: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Door:
    """One more address at which an application is reached, wherever the api runs."""

    name: str
    app: ASGIApp
    host: str
    port: int


@dataclass(frozen=True)
class Parts:
    """What a service's bootstrap has put together."""

    database: Database
    app: ASGIApp | None = None
    doors: Sequence[Door] = ()
    workers: Sequence[Worker] = ()
    operations: Operations | None = None
    ops_routes: Sequence[OpsRoute] = ()
    commands: Mapping[str, Callable[[Sequence[str]], Awaitable[Any]]] = field(default_factory=dict)
    """The service's own `ops` subcommands: arguments in, something JSON can hold out."""


@dataclass(frozen=True)
class ServiceSpec(Generic[S]):
    """A service as the process sees it. `build` connects and yields the parts, and closes them."""

    name: str
    settings_type: type[S]
    build: Callable[[S], AbstractAsyncContextManager[Parts]]
    version: str = "0.1.0"
    server: Literal["uvicorn", "granian"] = "uvicorn"
    openapi: Callable[[], Mapping[str, Any]] | None = None
    """The document of the service's HTTP API, made without settings and connections."""


def main(spec: ServiceSpec[S], argv: Sequence[str] | None = None) -> None:
    """Run and exit. 0: done or stopped by SIGTERM; 1: failed; 2: wrong arguments or settings."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    command = arguments[0] if arguments else "all"
    if command not in (*ROLES, "migrate", "ops", "openapi"):
        _complain(f"usage: python -m {spec.name} [api|worker|all|migrate|ops …|openapi]")
        sys.exit(2)
    if command == "openapi":
        document = spec.openapi() if spec.openapi is not None else {"paths": {}}
        sys.stdout.write(json.dumps(document, sort_keys=True) + "\n")
        sys.exit(0)
    try:
        settings = spec.settings_type()
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            _complain(f"{'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}")
        sys.exit(2)
    except SettingsError as error:  # a value that should be JSON; the text names the field alone
        _complain(str(error))
        sys.exit(2)
    sys.exit(_run(spec, settings, command, arguments[1:]))


def _run(spec: ServiceSpec[S], settings: S, command: str, arguments: Sequence[str]) -> int:
    if command == "ops":
        configure_logs(spec.name, spec.version, "warning", sys.stderr)
        return int(uvloop.run(_ops(spec, settings, arguments)))
    configure_logs(spec.name, spec.version, settings.log_level)
    if command == "migrate":
        return _migrate(spec.name, settings)
    from deskstream_chassis.runtime import run_role

    return int(uvloop.run(run_role(spec, settings, command)))


def _migrate(package: str, settings: ServiceSettings) -> int:
    try:
        revision = migrate(settings.database_dsn.get_secret_value(), migrations_folder(package))
    except Exception as error:  # noqa: BLE001 - told by class; its text may quote rows
        log.error("not migrated", error_code=type(error).__name__, where=where(error))
        if settings.profile != "prod":
            traceback.print_exc()
        return 1
    log.info("schema at head", revision=revision)
    return 0


async def _ops(spec: ServiceSpec[S], settings: S, arguments: Sequence[str]) -> int:
    try:
        async with spec.build(settings) as parts:
            code, answer = await run_command(parts.operations, parts.commands, arguments)
    except STORE_DOWN as error:
        code, answer = 1, {"error": "store_unavailable", "cause": type(error).__name__}
    except asyncpg.UndefinedTableError:
        code, answer = 1, {"error": "schema_behind"}
    sys.stdout.write(json.dumps(to_jsonable_python(answer), sort_keys=True) + "\n")
    return code


def _complain(text: str) -> None:
    sys.stderr.write(text + "\n")

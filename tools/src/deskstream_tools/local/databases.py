"""Databases of a server: made fresh, copied from a template, dropped."""

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from deskstream_tools.local.locks import locked


class Databases:
    """The databases of one server, by its administrator's address."""

    def __init__(self, admin_dsn: str) -> None:
        self.admin_dsn = admin_dsn

    def dsn(self, database: str) -> str:
        """The address of one of its databases."""
        return urlunsplit(urlsplit(self.admin_dsn)._replace(path=f"/{database}"))

    def exists(self, database: str) -> bool:
        """Whether there is one of that name."""
        with psycopg.connect(self.admin_dsn) as connection:
            found = connection.execute("select 1 from pg_database where datname = %s", [database])
            return found.fetchone() is not None

    def create(self, database: str | None = None, *, template: str = "template0") -> str:
        """Make a database (a random name by default); gives its address."""
        database = database or f"t_{uuid4().hex[:16]}"
        names = (sql.Identifier(database), sql.Identifier(template))
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} template {}").format(*names))
        return self.dsn(database)

    def drop(self, database: str) -> None:
        """Drop it, cutting its connections. Nothing to do where there is none."""
        name = sql.Identifier(database)
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(name))

    def template(self, name: str, prepare: Callable[[str], None], lock: Path) -> str:
        """The name of a template that `prepare` filled once per server, also among processes.

        `prepare` gets the database's address and runs in a thread of its own, so it may use
        `asyncio.run`; it must close its connections.
        """
        database = f"template_{name}"
        with locked(lock):
            if not self.exists(database):
                fresh = f"{database}_{uuid4().hex[:8]}"
                _in_a_thread(prepare, self.create(fresh))
                rename = sql.SQL("alter database {} rename to {}")
                with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
                    connection.execute(
                        rename.format(sql.Identifier(fresh), sql.Identifier(database))
                    )
        return database


def _in_a_thread(prepare: Callable[[str], None], dsn: str) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            prepare(dsn)
        except BaseException as failure:  # noqa: BLE001 - raised again by the waiting thread
            failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]

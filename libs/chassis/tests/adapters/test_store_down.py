"""A store that goes away under a request is 503, and the next request finds it again."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from fastapi import APIRouter

from deskstream_chassis.http.app import ServiceApp, create_app
from deskstream_chassis.http.guard import guarded
from deskstream_chassis.testing import by_name, call
from deskstream_eventstore import Database, SubjectHasher


@pytest.fixture
async def dsn(postgres_dsn: Callable[[], str]) -> str:
    return postgres_dsn()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    found = await Database.connect(dsn, name="victim", subjects=SubjectHasher(b"k" * 32))
    yield found
    await found.close()


def app(database: Database, statement: str) -> ServiceApp:
    router = APIRouter()

    @router.get("/ask")
    @guarded("session")
    async def ask() -> Any:
        async with database.work() as work:
            return await work.connection.fetchval(statement)

    return create_app("tests", routers=[router], authenticate=by_name)


async def end_others(dsn: str) -> None:
    """What a restart of the server does to whoever is connected."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'"
    )
    await connection.close()


async def test_a_connection_that_is_ended_is_503_once(database: Database, dsn: str) -> None:
    one = app(database, "select 1")
    assert (await call(one, "GET", "/ask", As="agent")).json() == 1
    await end_others(dsn)
    statuses = [(await call(one, "GET", "/ask", As="agent")).status for _ in range(3)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("select pg_terminate_backend(pg_backend_pid())", 503, "store_unavailable"),
        ("select pg_sleep(0) from pg_cancel_backend(pg_backend_pid())", 503, "store_unavailable"),
        ("select 40000::int2", 422, "invalid"),
        ("select 1 / 0", 500, "internal_error"),
        ("select nothing", 500, "internal_error"),
    ],
)
async def test_what_the_server_says_becomes_a_problem(
    database: Database, statement: str, status: int, code: str
) -> None:
    answer = await call(app(database, statement), "GET", "/ask", As="agent")
    assert (answer.status, answer.json()["code"]) == (status, code)


async def test_a_server_that_is_not_there_is_503(database: Database) -> None:
    await database.pool.close()
    answer = await call(app(database, "select 1"), "GET", "/ask", As="agent")
    assert (answer.status, answer.json()["code"]) == (503, "store_unavailable")

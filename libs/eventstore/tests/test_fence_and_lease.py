"""What the relay stands on: a safe position, and one holder whose epoch only grows."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY
from storing import create_store

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, Lease, LeaseLost, Origin
from deskstream_eventstore.fence import pass_fence
from deskstream_tools.testing import Fresh

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")


def event(stream: UUID) -> TeamChangedV1:
    return TeamChangedV1(at=NOW, team_id=stream, title="t", restricted=False)


async def test_the_fence_waits_for_an_open_writer_and_says_for_how_long(database: Database) -> None:
    stream = uuid4()
    async with database.pool.acquire() as reader:
        async with database.pool.acquire() as connection, connection.transaction():
            work = database.on(connection, ORIGIN)
            work.append("gateway.team", stream, 0, [event(stream)])
            await work.finish()
            passing = asyncio.create_task(pass_fence(reader))
            async with asyncio.timeout(10):
                while not REGISTRY.get_sample_value("event_relay_fence_wait_seconds"):
                    await asyncio.sleep(0.005)
            assert not passing.done()
        assert await passing == 1
    assert REGISTRY.get_sample_value("event_relay_fence_wait_seconds") == 0


async def test_readers_and_writers_of_other_tables_or_databases_do_not_hold_the_fence(
    database: Database, postgres_dsn: Fresh
) -> None:
    other = await asyncpg.connect(postgres_dsn(create_store, name="store"))
    try:
        async with (
            other.transaction(),
            database.pool.acquire() as reader,
            database.pool.acquire() as busy,
            busy.transaction(),
        ):
            await other.execute("delete from events")
            await busy.execute("delete from inbox")
            await busy.fetch("select * from events")
            assert await asyncio.wait_for(pass_fence(reader), 5) == 0
    finally:
        await other.close()


async def test_one_that_idles_in_its_transaction_is_ended_by_the_server(
    database: Database,
) -> None:
    async with database.pool.acquire() as connection:
        limits = {
            name: await connection.fetchval(f"show {name}")
            for name in ("idle_in_transaction_session_timeout", "transaction_timeout")
        }
    assert limits == {
        "idle_in_transaction_session_timeout": "10s",
        "transaction_timeout": "30s",
    }
    stream = uuid4()
    async with database.pool.acquire() as reader:
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            async with database.pool.acquire() as connection, connection.transaction():
                await connection.execute("set idle_in_transaction_session_timeout = '300ms'")
                work = database.on(connection, ORIGIN)
                work.append("gateway.team", stream, 0, [event(stream)])
                await work.finish()
                assert await asyncio.wait_for(pass_fence(reader), 10) == 1
                await connection.fetchval("select 1")
    assert await database.pool.fetchval("select count(*) from events") == 0


async def test_a_lease_has_one_holder_until_it_is_over(database: Database) -> None:
    first, second = Lease("relay", timedelta(seconds=30)), Lease("relay", timedelta(seconds=30))
    async with database.pool.acquire() as connection:
        assert await first.is_free(connection)
        assert await first.take(connection)
        assert not await second.is_free(connection)
        assert not await second.take(connection)
        await first.renew(connection)
        await connection.execute("update relay_lease set expires_at = now() - interval '1 s'")
        assert await second.take(connection)
        assert second.epoch > first.epoch
        with pytest.raises(LeaseLost):
            await first.renew(connection)
        await first.give_back(connection)
        assert not await second.is_free(connection)


async def test_the_epoch_is_above_whatever_the_log_has_seen(database: Database) -> None:
    async with database.pool.acquire() as connection:
        lease = Lease("relay")
        assert await lease.take(connection, above=41)
        assert lease.epoch == 42
        await lease.give_back(connection)
        again = Lease("relay")
        assert await again.take(connection, above=7)
        assert again.epoch == 43


async def test_of_many_that_want_the_lease_at_once_one_gets_it(database: Database) -> None:
    async def want() -> bool:
        async with database.pool.acquire() as connection:
            return await Lease("relay").take(connection)

    assert sum(await asyncio.gather(*(want() for _ in range(12)))) == 1

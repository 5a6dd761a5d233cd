"""Races that a read model or a lock shows first are conflicts too, and are tried again."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import REGISTRY
from storing import KEY

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, Origin, Recorded, SubjectHasher, Work

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")


class Names:
    """A row per team, its title unique."""

    name = "names"
    version = 1
    stream_types = frozenset({"gateway.team"})
    tables: tuple[str, ...] = ("team_names",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        event = fact.event
        assert isinstance(event, TeamChangedV1)
        await work.connection.execute(
            "insert into team_names values ($1, $2)", event.team_id, event.title
        )


@pytest.fixture
async def viewed(store_dsn: str) -> AsyncIterator[Database]:
    database = await Database.connect(
        store_dsn, size=8, name="test", subjects=SubjectHasher(KEY), views=[Names()]
    )
    await database.pool.execute("create table team_names (id uuid primary key, title text unique)")
    yield database
    await database.close()


async def create(database: Database, stream: UUID, title: str) -> None:
    async with database.work(ORIGIN) as work:
        event = TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False)
        work.append("gateway.team", stream, 0, [event])


async def test_of_two_that_create_one_stream_the_slower_conflicts_though_the_view_is_hit_first(
    viewed: Database,
) -> None:
    stream = uuid4()
    done = await asyncio.gather(
        *(create(viewed, stream, str(n)) for n in range(6)), return_exceptions=True
    )
    assert sorted(type(d).__name__ for d in done) == ["Conflict"] * 5 + ["NoneType"]


async def test_a_key_that_is_taken_for_another_reason_is_not_a_conflict(viewed: Database) -> None:
    await create(viewed, uuid4(), "taken")
    with pytest.raises(asyncpg.UniqueViolationError):
        await create(viewed, uuid4(), "taken")


async def test_a_deadlock_of_two_blocks_is_a_conflict(viewed: Database) -> None:
    await viewed.pool.execute("insert into team_names select gen_random_uuid(), t from "
                              "unnest(array['a', 'b']) t")  # fmt: skip
    meet = asyncio.Barrier(2)

    async def touch(first: str, second: str) -> None:
        async with viewed.work(ORIGIN) as work:
            await work.connection.execute("update team_names set id = id where title = $1", first)
            await meet.wait()
            await work.connection.execute("update team_names set id = id where title = $1", second)

    done = await asyncio.gather(touch("a", "b"), touch("b", "a"), return_exceptions=True)
    assert sorted(type(d).__name__ for d in done) == ["Conflict", "NoneType"]


async def test_an_event_of_another_aggregate_is_refused_at_once(database: Database) -> None:
    event = TeamChangedV1(at=NOW, team_id=uuid4(), title="t", restricted=False)
    with pytest.raises(ValueError, match="does not belong"):
        async with database.work(ORIGIN) as work:
            work.append("gateway.user", event.team_id, 0, [event])


async def test_a_pool_that_is_too_small_shows_as_time_waited(store_dsn: str) -> None:
    small = await Database.connect(store_dsn, size=1, name="t", subjects=SubjectHasher(KEY))
    before = REGISTRY.get_sample_value("db_client_connection_wait_seconds_total") or 0.0

    async def use() -> None:
        async with small.work() as work:
            await work.connection.execute("select pg_sleep(0.05)")

    await asyncio.gather(use(), use())
    waited = (REGISTRY.get_sample_value("db_client_connection_wait_seconds_total") or 0.0) - before
    assert waited > 0.04
    await small.close()

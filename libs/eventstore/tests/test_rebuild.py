"""A rebuilt view equals the live one, under traffic, and a rebuild can cause nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import KEY

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, Origin, Recorded, SubjectHasher, Work, plan_effect
from deskstream_eventstore.errors import EffectRefused
from deskstream_eventstore.rebuild import Rebuild, RebuildRuns, rebuild
from deskstream_eventstore.swap import NotRebuildable

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")
UPSERT = """
insert into team_titles (team_id, title, changes) values ($1, $2, 1)
on conflict (team_id) do update set title = excluded.title, changes = team_titles.changes + 1"""


class Titles:
    """The newest title of each team, and how often it changed."""

    name = "titles"
    version = 1
    stream_types = frozenset({"gateway.team"})
    tables: tuple[str, ...] = ("team_titles",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        event = fact.event
        assert isinstance(event, TeamChangedV1)
        await work.connection.execute(UPSERT, event.team_id, event.title)


@pytest.fixture
async def viewed(store_dsn: str) -> AsyncIterator[Database]:
    database = await Database.connect(
        store_dsn, size=8, name="test", subjects=SubjectHasher(KEY), views=[Titles()]
    )
    await database.pool.execute(
        "create table team_titles (team_id uuid primary key, title text, changes int);"
        "create index titles_by_title on team_titles (title)"
    )
    yield database
    await database.close()


async def append(database: Database, stream: UUID, expected: int, titles: list[str]) -> None:
    async with database.work(ORIGIN) as work:
        events = [
            TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False) for title in titles
        ]
        work.append("gateway.team", stream, expected, events)


async def rows(database: Database) -> list[tuple[object, ...]]:
    found = await database.pool.fetch("select * from team_titles order by team_id")
    return [tuple(row) for row in found]


async def test_a_rebuild_equals_the_live_view_and_keeps_its_indexes(viewed: Database) -> None:
    streams = [uuid4() for _ in range(5)]
    for n, stream in enumerate(streams):
        await append(viewed, stream, 0, [f"{n}.{k}" for k in range(700)])
    before = await rows(viewed)
    report = await rebuild(viewed, Titles())
    assert report.equal
    assert report.events == 3500
    assert await rows(viewed) == before
    names = await viewed.pool.fetch(
        "select indexname from pg_indexes where tablename = 'team_titles' order by 1"
    )
    assert [r[0] for r in names] == ["team_titles_pkey", "titles_by_title"]
    await append(viewed, streams[0], 700, ["after"])
    assert ("after", 701) in [row[1:] for row in await rows(viewed)]


async def test_under_traffic_nothing_is_missed(viewed: Database) -> None:
    stopping = asyncio.Event()
    count = 0

    async def write(stream: UUID) -> int:
        version = 0
        while not stopping.is_set():
            await append(viewed, stream, version, ["t"])
            version += 1
        return version

    writers = [asyncio.create_task(write(uuid4())) for _ in range(4)]
    reports = [await rebuild(viewed, Titles()) for _ in range(3)]
    stopping.set()
    count = sum(await asyncio.gather(*writers))
    assert all(report.equal for report in reports)
    assert sum(row[2] for row in await rows(viewed) if isinstance(row[2], int)) == count


async def test_writers_that_read_the_view_first_are_never_hurt(viewed: Database) -> None:
    stopping = asyncio.Event()

    async def decide(stream: UUID) -> int:
        version = 0
        while not stopping.is_set():
            async with viewed.work(ORIGIN) as work:
                found = await work.connection.fetchval(
                    "select changes from team_titles where team_id = $1", stream
                )
                assert (found or 0) == version
                event = TeamChangedV1(at=NOW, team_id=stream, title="t", restricted=False)
                work.append("gateway.team", stream, version, [event])
            version += 1
        return version

    writers = [asyncio.create_task(decide(uuid4())) for _ in range(6)]
    reports = [await rebuild(viewed, Titles()) for _ in range(3)]
    stopping.set()
    count = sum(await asyncio.gather(*writers))
    assert all(report.equal for report in reports)
    assert sum(row[2] for row in await rows(viewed) if isinstance(row[2], int)) == count


async def test_a_wrong_live_view_is_told_and_healed(viewed: Database) -> None:
    stream = uuid4()
    await append(viewed, stream, 0, ["right"])
    await viewed.pool.execute("update team_titles set title = 'wrong'")
    report = await rebuild(viewed, Titles())
    assert not report.equal
    assert [row[1] for row in await rows(viewed)] == ["right"]


class HalfWay(Rebuild):
    """Dies after the first chunk."""

    async def apply(self, connection: object, facts: list[Recorded]) -> None:
        raise KeyboardInterrupt


async def test_one_that_died_half_way_leaves_the_live_view_and_no_obstacle(
    viewed: Database,
) -> None:
    await append(viewed, uuid4(), 0, ["a", "b"])
    before = await rows(viewed)
    with pytest.raises(KeyboardInterrupt):
        await HalfWay(viewed, Titles()).run()
    assert await rows(viewed) == before
    with pytest.raises(RebuildRuns):
        await rebuild(viewed, Titles())
    await viewed.pool.execute("update relay_lease set expires_at = now() - interval '1 s'")
    assert (await rebuild(viewed, Titles())).equal


class Mailing(Titles):
    """A defective view: it appends."""

    async def apply(self, work: Work, fact: Recorded) -> None:
        work.append("gateway.team", fact.stream_id, fact.version, [fact.event])


async def test_a_view_that_would_append_is_refused(viewed: Database) -> None:
    await append(viewed, uuid4(), 0, ["a"])
    with pytest.raises(EffectRefused):
        await rebuild(viewed, Mailing())
    assert await viewed.pool.fetchval("select count(*) from events") == 1


class Planning(Titles):
    """A defective view: it plans an outside effect."""

    async def apply(self, work: Work, fact: Recorded) -> None:
        await plan_effect(work, f"mail:{fact.event_id}", "mail", {})


async def test_a_view_cannot_find_the_table_of_outside_effects(viewed: Database) -> None:
    await append(viewed, uuid4(), 0, ["a"])
    with pytest.raises(asyncpg.UndefinedTableError):
        await rebuild(viewed, Planning())
    assert await viewed.pool.fetchval("select count(*) from side_effect") == 0
    assert (await rebuild(viewed, Titles())).equal


async def test_what_a_copy_would_lose_is_refused_before_anything_is_done(
    viewed: Database,
) -> None:
    await viewed.pool.execute(
        "create table other (id uuid primary key);"
        "alter table team_titles add constraint of_other foreign key (team_id) references other"
    )
    with pytest.raises(NotRebuildable, match="of_other"):
        await rebuild(viewed, Titles())


async def test_grants_and_names_of_constraints_are_kept(viewed: Database) -> None:
    await viewed.pool.execute(
        "alter table team_titles add constraint one_title unique (title);"
        "grant select on team_titles to public"
    )
    await rebuild(viewed, Titles())
    names = await viewed.pool.fetch(
        "select conname from pg_constraint where conrelid = 'team_titles'::regclass "
        "and contype in ('p', 'u') order by 1"
    )
    assert [row[0] for row in names] == ["one_title", "team_titles_pkey"]
    grants = await viewed.pool.fetchval(
        "select relacl::text from pg_class where oid = 'team_titles'::regclass"
    )
    assert "=r/" in grants.split(",")[-1]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 2), st.lists(st.text("ab", max_size=3), min_size=1))))
async def test_any_split_into_batches_gives_the_same_state(
    viewed: Database, batches: list[tuple[int, list[str]]]
) -> None:
    await viewed.pool.execute("truncate events, team_titles restart identity")
    streams = [uuid4() for _ in range(3)]
    titles: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for which, some in batches:
        await append(viewed, streams[which], len(titles[which]), some)
        titles[which] += some
    live = {row[0]: row[1:] for row in await rows(viewed)}
    assert live == {streams[which]: (all_[-1], len(all_)) for which, all_ in titles.items() if all_}
    assert (await rebuild(viewed, Titles())).equal

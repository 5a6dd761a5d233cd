"""Appending: exactly one wins, nothing in between is lost, all or nothing."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from deskstream_events import Event, team, user
from deskstream_eventstore import Conflict, Database, EventTooLarge, Origin, retrying

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1", traceparent="00-1-1-01")
TEAM = "gateway.team"


def changed(stream: UUID, title: str = "Support") -> Event:
    return team.TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False)


async def versions(database: Database, stream: UUID) -> list[int]:
    async with database.reading() as work:
        return [fact.version for fact in await work.load(stream)]


async def test_a_stream_comes_back_in_order_with_who_and_why(database: Database) -> None:
    stream = uuid4()
    async with database.work(ORIGIN) as work:
        work.append(TEAM, stream, 0, [changed(stream, "A"), changed(stream, "B")])
        work.append(TEAM, stream, 2, [changed(stream, "C")])
    async with database.reading() as work:
        facts = await work.load(stream)
    assert [f.event.title for f in facts if isinstance(f.event, team.TeamChangedV1)] == list("ABC")
    assert [f.version for f in facts] == [1, 2, 3]
    assert [f.position for f in facts] == sorted(f.position for f in facts)
    assert facts[0].meta.actor == "system:test"
    assert facts[0].meta.traceparent == ORIGIN.traceparent
    assert facts[0].event_id.version == 7


async def test_of_writers_with_one_expected_version_exactly_one_wins(database: Database) -> None:
    stream = uuid4()

    async def write(n: int) -> bool:
        try:
            async with database.work(ORIGIN) as work:
                work.append(TEAM, stream, 0, [changed(stream, str(n))])
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(write(n) for n in range(16)))) == 1
    assert await versions(database, stream) == [1]


async def test_an_expected_version_that_was_never_reached_is_a_conflict(
    database: Database,
) -> None:
    stream = uuid4()
    with pytest.raises(Conflict):
        async with database.work(ORIGIN) as work:
            work.append(TEAM, stream, 3, [changed(stream)])
    assert await versions(database, stream) == []


async def test_losers_decide_again_and_no_version_is_missing(database: Database) -> None:
    stream = uuid4()

    async def write() -> None:
        async with database.work(ORIGIN) as work:
            known = len(await work.load(stream))
            work.append(TEAM, stream, known, [changed(stream)])

    await asyncio.gather(*(retrying(write, tries=50) for _ in range(20)))
    assert await versions(database, stream) == list(range(1, 21))


async def test_crossing_appends_to_two_streams_conflict_and_never_half_happen(
    database: Database,
) -> None:
    one, two = sorted((uuid4(), uuid4()))

    async def cross(first: UUID, second: UUID) -> bool:
        try:
            async with database.work(ORIGIN) as work:
                work.append(TEAM, first, 0, [changed(first)])
                work.append(TEAM, second, 0, [changed(second)])
        except Conflict:
            return False
        return True

    done = await asyncio.gather(cross(one, two), cross(two, one), cross(one, two))
    assert sum(done) == 1
    assert await versions(database, one) == [1]
    assert await versions(database, two) == [1]


async def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    stream = uuid4()
    with pytest.raises(ZeroDivisionError):
        async with database.work(ORIGIN) as work:
            work.append(TEAM, stream, 0, [changed(stream)])
            raise ZeroDivisionError
    assert await versions(database, stream) == []


async def test_an_event_too_large_for_the_broker_is_refused(database: Database) -> None:
    stream = uuid4()
    with pytest.raises(EventTooLarge):
        async with database.work(ORIGIN) as work:
            work.append(TEAM, stream, 0, [changed(stream, "x" * (900 * 1024))])
    assert await versions(database, stream) == []


async def test_the_past_is_read_up_to_a_version_or_an_instant(database: Database) -> None:
    stream = uuid4()
    for version in range(3):
        async with database.work(ORIGIN) as work:
            work.append(TEAM, stream, version, [changed(stream)])
    async with database.reading() as work:
        facts = await work.load(stream)
        assert len(await work.load(stream, to_version=2)) == 2
        assert len(await work.load(stream, as_of=facts[1].recorded_at)) == 2


async def test_people_are_kept_as_keyed_hashes_beside_the_positions(database: Database) -> None:
    stream = uuid4()
    event = user.UserRegisteredV1(at=NOW, user_id=stream, email="Ana@Example.org", name="Ana")
    async with database.work(ORIGIN) as work:
        work.append("gateway.user", stream, 0, [event])
    async with database.reading() as work:
        fact = (await work.load(stream))[0]
        rows = await work.connection.fetch("select subject, position from event_subject")
    mail = database.subjects.hash("mail:ana@example.org ")
    assert mail in fact.meta.subjects
    assert {(row["subject"], row["position"]) for row in rows} == {
        (subject, fact.position) for subject in fact.meta.subjects
    }
    assert "ana" not in str(fact.meta).lower()

"""Laws of streams, whatever is appended how: order, completeness, and folding in any pieces."""

import asyncio
from datetime import UTC, datetime
from functools import reduce
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, Origin, Recorded, retrying

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")
State = tuple[str, ...]

block = st.lists(st.tuples(st.integers(0, 2), st.text("abc\n\"'é\\", max_size=4)), min_size=1)
law = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def fold(state: State, fact: Recorded) -> State:
    assert isinstance(fact.event, TeamChangedV1)
    return (*state, fact.event.title)


def titled(stream: UUID, title: str) -> TeamChangedV1:
    return TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False)


@law
@given(st.lists(block, max_size=5), st.data())
async def test_any_blocks_over_streams_fold_to_what_was_said_in_any_pieces(
    database: Database, blocks: list[list[tuple[int, str]]], data: st.DataObject
) -> None:
    streams = [uuid4() for _ in range(3)]
    said: list[list[str]] = [[], [], []]
    for one in blocks:
        before = [len(titles) for titles in said]
        async with database.work(ORIGIN) as work:
            for which, title in one:
                event = titled(streams[which], title)
                work.append("gateway.team", streams[which], before[which], [event])
                said[which].append(title)
    positions: list[int] = []
    for stream, titles in zip(streams, said, strict=True):
        cut = data.draw(st.integers(0, len(titles)))
        async with database.reading() as work:
            facts = await work.load(stream)
            first = await work.load(stream, to_version=cut)
        assert [fact.version for fact in facts] == list(range(1, len(titles) + 1))
        assert [fact.position for fact in facts] == sorted(fact.position for fact in facts)
        assert facts[:cut] == first
        start: State = ()
        whole = reduce(fold, facts, start)
        assert whole == tuple(titles)
        assert reduce(fold, facts[cut:], reduce(fold, first, start)) == whole
        positions += [fact.position for fact in facts]
    assert len(set(positions)) == sum(map(len, said))


@law
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True), max_size=8))
async def test_writers_of_several_streams_at_once_lose_nothing_and_leave_no_hole(
    database: Database, writers: list[list[int]]
) -> None:
    streams = [uuid4() for _ in range(3)]

    async def write(which: list[int]) -> None:
        async with database.work(ORIGIN) as work:
            for index in which:
                known = len(await work.load(streams[index]))
                event = titled(streams[index], "t")
                work.append("gateway.team", streams[index], known, [event])

    await asyncio.gather(*(retrying(lambda w=w: write(w), tries=60) for w in writers))  # type: ignore[misc]
    for index, stream in enumerate(streams):
        async with database.reading() as work:
            versions = [fact.version for fact in await work.load(stream)]
        assert versions == list(range(1, sum(index in which for which in writers) + 1))

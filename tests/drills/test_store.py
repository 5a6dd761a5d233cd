"""Fault 1: two writers append the same expected version."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from drills.acting import Actor
from drills.place import Place
from drills.record import Drill
from drills.until import until

Fresh = Callable[[], Awaitable[Place]]
RACES = 40
_BARE = "create table bare (stream_id uuid, version int)"
_NEXT = """
insert into bare select $1, coalesce(max(version), 0) + 1 from bare where stream_id = $1"""
_BLOCKED = (
    "select 1 from pg_stat_activity where pid = $1 and cardinality(pg_blocking_pids(pid)) > 0"
)


def order(do: str, stream: UUID, expected: int) -> dict[str, Any]:
    """One event with this expectation."""
    return {"do": do, "stream": str(stream), "expected": expected, "titles": [uuid4().hex]}


def note(place: Place, said: dict[str, Any]) -> None:
    """What the winner was told."""
    place.client.ledger.note(UUID(said["stream"]), said["expected"], said["titles"])


async def meet(place: Place, one: Actor, two: Actor, stream: UUID) -> list[str]:
    """Both append version 1 in open transactions; the second waits for the first, which commits."""
    await one.asked({"do": "begin"}, "begun")
    backend = (await two.asked({"do": "begin"}, "begun"))["backend"]
    first = order("append", stream, 0)
    outcomes = [(await one.asked(first, "appended"))["outcome"]]
    two.say(order("append", stream, 0))
    await until(lambda: place.database.pool.fetchval(_BLOCKED, backend), "the second to wait")
    assert (await one.asked({"do": "commit"}, "ended"))["outcome"] == "committed"
    note(place, first)
    outcomes.append((await two.hears("appended"))["outcome"])
    await two.asked({"do": "rollback"}, "ended")
    return outcomes


async def race(place: Place, one: Actor, two: Actor, stream: UUID, version: int) -> list[str]:
    """Both are told at once."""
    said = order("whole", stream, version), order("whole", stream, version)
    answers = await asyncio.gather(one.asked(said[0], "done"), two.asked(said[1], "done"))
    for asked, answer in zip(said, answers, strict=True):
        if answer["outcome"] == "ok":
            note(place, asked)
    return sorted(answer["outcome"] for answer in answers)


async def unguarded(place: Place, stream: UUID) -> list[int]:
    """Two transactions that number their rows by themselves, without an expectation."""
    pool = place.database.pool
    await pool.execute(_BARE)
    async with pool.acquire() as one, pool.acquire() as two, one.transaction():
        await one.execute(_NEXT, stream)
        await two.execute(_NEXT, stream)
    return [row["version"] for row in await pool.fetch("select version from bare")]


@pytest.mark.fault(1)
async def test_of_two_writers_with_one_expectation_one_wins_and_no_version_is_missing(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    stream, met = uuid4(), uuid4()
    async with place.writing() as one, place.writing() as two:
        await asyncio.gather(one.hears("up"), two.hears("up"))
        outcomes = await meet(place, one, two, met)
        races = [await race(place, one, two, stream, n) for n in range(RACES)]
    drill.saw(
        outcomes == ["ok", "conflict"],
        "two processes appended version 1 in overlapping transactions; the second was seen waiting",
    )
    drill.kept(
        all(found == ["conflict", "ok"] for found in races), f"one winner in each of {RACES} races"
    )
    async with place.relaying():
        await place.all_published()
    verdict = await place.verdict()
    drill.kept(verdict.clean and verdict.stored == RACES + 1, str(verdict))
    versions = await unguarded(place, stream)
    drill.bit(versions == [1, 1], f"numbered without an expectation: versions {versions}")

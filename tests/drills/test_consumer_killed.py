"""Fault 15: a consumer is killed before its commit, and between its commit and the ack."""

from collections.abc import Awaitable, Callable

import pytest
from drills.acting import acting
from drills.following_up import (
    TABLE,
    Line,
    all_acknowledged,
    count,
    effects,
    feed,
    lag,
    once_and_in_order,
)
from drills.place import Place
from drills.record import Drill

Fresh = Callable[[], Awaitable[Place]]
EVENTS = 15


async def kill_at(place: Place, point: str, kind: str = "Ours") -> tuple[list[Line], int, int, int]:
    """Kill a consumer with SIGKILL at this point of its first batch; another goes on to the end.

    The lines fed, the status of the dead one, and after its death: effects and unacknowledged."""
    await place.database.pool.execute(TABLE)
    lines = [Line() for _ in range(3)]
    await feed(place.kafka, [line.next() for _ in range(EVENTS // 3) for line in lines])
    where = {"dsn": place.dsn, "bootstrap": place.kafka.bootstrap, "prefix": place.kafka.prefix}
    async with acting("following", points=[point], kind=kind, **where) as dying:
        await dying.hears("at", point=point)
        status = await dying.kill()
    done, left = await count(place.database, "applied"), await lag(place.database, place.kafka)
    assert left is not None
    async with acting("following", points=[], kind=kind, **where):
        await all_acknowledged(place.database, place.kafka)
    return lines, status, done, left


@pytest.mark.fault(15)
@pytest.mark.smoke
@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
async def test_a_killed_consumer_takes_effect_exactly_once(
    drill: Drill, fresh_place: Fresh, point: str
) -> None:
    place = await fresh_place()
    lines, status, done, left = await kill_at(place, point)
    expected = 0 if point == "before_commit" else EVENTS
    drill.saw(
        status == -9 and done == expected and left == EVENTS,
        f"SIGKILL {point}: {done} effects, {left} records unacknowledged",
    )
    after = await effects(place.database)
    drill.kept(once_and_in_order(after, lines), f"{len(after)} effects, each once and in order")
    drill.kept(await count(place.database, "parked_event") == 0, "nothing parked")


@pytest.mark.fault(15)
async def test_without_an_inbox_the_same_death_doubles_the_effects(
    drill: Drill, fresh_place: Fresh
) -> None:
    naive, ours = await fresh_place(), await fresh_place()
    _, status, done, left = await kill_at(naive, "after_commit", "Naive")
    drill.saw(status == -9 and done == left == EVENTS, "SIGKILL between commit and ack")
    doubled = len(await effects(naive.database))
    drill.bit(doubled == 2 * EVENTS, f"without inbox {doubled} effects of {EVENTS} events")
    lines, *_ = await kill_at(ours, "after_commit")
    drill.kept(once_and_in_order(await effects(ours.database), lines), "ours: each once")

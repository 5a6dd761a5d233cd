"""Fault 16: the group changes during a handler; a handler takes longer than it may."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from drills.acting import Actor, acting
from drills.facts import TOPIC
from drills.following_up import (
    TABLE,
    Line,
    all_acknowledged,
    count,
    effects,
    feed,
    once_and_in_order,
)
from drills.place import Place
from drills.record import Drill
from drills.until import until

Fresh = Callable[[], Awaitable[Place]]


def where(place: Place, **more: Any) -> dict[str, Any]:
    """Settings of a member."""
    kafka = place.kafka
    return {
        "dsn": place.dsn,
        "bootstrap": kafka.bootstrap,
        "prefix": kafka.prefix,
        "kind": "Ours",
        "points": [],
        **more,
    }


async def fed(place: Place, events: int, *titles: str) -> list[Line]:
    """One line per partition; the first ones begin with these titles."""
    await place.database.pool.execute(TABLE)
    lines = [Line() for _ in range(TOPIC.partitions)]
    for partition, line in enumerate(lines):
        first = [line.next(title) for title in titles[partition : partition + 1]]
        await feed(place.kafka, [*first, *line.many(events - len(first))], partition)
    return lines


def places(actor: Actor) -> set[str]:
    """All records that a member was given so far."""
    return {p for told in actor.has_told("batch") for p in told["places"]}


async def verdict(drill: Drill, place: Place, lines: list[Line]) -> None:
    """Everything once, in order."""
    done = await effects(place.database)
    drill.kept(once_and_in_order(done, lines), f"{len(done)} effects, each once and in order")
    drill.kept(await count(place.database, "parked_event") == 0, "nothing parked")


@pytest.mark.fault(16)
async def test_a_rebalance_during_a_handler_doubles_nothing(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    lines = await fed(place, 5, *["stand"] * TOPIC.partitions)
    async with acting("following", **where(place, points=["handler"], max_records=20)) as one:
        await one.hears("at", point="handler")
        async with acting("following", **where(place)) as two:
            await two.hears("assigned")
            await until(lambda: places(one) & places(two), "both to be given the same records")
            both = len(places(one) & places(two))
            before = await count(place.database, "applied")
            drill.saw(before == 0, f"a second member got {both} records of the handler at hand")
            for _ in range(TOPIC.partitions):
                one.say()
            await all_acknowledged(place.database, place.kafka)
    await verdict(drill, place, lines)


@pytest.mark.fault(16)
async def test_a_handler_longer_than_the_poll_interval_loses_its_place_and_doubles_nothing(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    lines = await fed(place, 4, "stand")
    short = where(place, points=["handler"], max_poll_interval=2.0, max_records=30)
    async with acting("following", **short) as slow:
        await slow.hears("at", point="handler")
        async with acting("following", **where(place)) as heir:
            everything = list(range(TOPIC.partitions))
            await heir.hears("assigned", partitions=everything)
            drill.saw(slow.alive, "the slow member lost all its partitions, still handling")
            slow.say()
            await all_acknowledged(place.database, place.kafka)
    await verdict(drill, place, lines)


@pytest.mark.fault(16)
async def test_handlers_that_are_always_too_slow_get_through_all_the_same(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    lines = await fed(place, 3)
    slow = where(place, max_poll_interval=2.0, max_records=8, slow=0.4)
    async with acting("following", **slow) as one, acting("following", **slow) as two:
        await all_acknowledged(place.database, place.kafka, 90)
        given = [p for a in (one, two) for told in a.has_told("batch") for p in told["places"]]
    again = len(given) - len(set(given))
    drill.saw(again, f"batches of up to 3.2 s in an interval of 2 s: {again} delivered again")
    await verdict(drill, place, lines)

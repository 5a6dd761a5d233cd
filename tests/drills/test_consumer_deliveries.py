"""Fault 17: duplicated, reordered and gapped deliveries, injected straight into the topic."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from drills.acting import acting
from drills.following_up import (
    TABLE,
    Fed,
    Line,
    all_acknowledged,
    count,
    effects,
    feed,
    once_and_in_order,
)
from drills.place import Place
from drills.record import Drill

Fresh = Callable[[], Awaitable[Place]]


def where(place: Place, **more: Any) -> dict[str, Any]:
    """Settings of a consumer process."""
    kafka = place.kafka
    at = {"dsn": place.dsn, "bootstrap": kafka.bootstrap, "prefix": kafka.prefix}
    return {**at, "kind": "Ours", "points": [], **more}


@pytest.mark.fault(17)
async def test_old_is_skipped_next_is_applied_and_what_is_behind_a_gap_waits(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    await place.database.pool.execute(TABLE)
    line, other = Line(), Line()
    one, two, three, four, five, six = line.many(6)
    async with acting("following", **where(place)):
        await feed(place.kafka, [one, one, two])
        await all_acknowledged(place.database, place.kafka)
        again = line.event(2, "under another id")
        await feed(place.kafka, [three, two, again, one, six, five, other.next(), six])
        await all_acknowledged(place.database, place.kafka)
        before = [version for stream, version, _ in await effects(place.database)]
        parked = await place.database.pool.fetch(
            "select version, error_code from parked_event order by version"
        )
        found = [(row["version"], row["error_code"]) for row in parked]
        drill.saw(found == [(5, "gap"), (6, "gap")], f"4 is missing; parked: {found}")
        drill.kept(before == [1, 2, 3, 1], "copies skipped, the next applied, other streams flow")
        await feed(place.kafka, [four])
        await all_acknowledged(place.database, place.kafka)
    done = await effects(place.database)
    drill.kept(once_and_in_order(done, [line, other]), "4 came: 4, 5, 6 applied in order")
    drill.kept(await count(place.database, "parked_event") == 0, "nothing is left parked")


@dataclass
class Mess:
    """Deliveries in any order and number."""

    lines: list[Line]
    fed: list[Fed]
    disorder: int


def mess(seed: int) -> Mess:
    """Each event one to three times, all shuffled."""
    dice = random.Random(seed)
    lines = [Line() for _ in range(12)]
    whole = [(n, fed) for line in lines for n, fed in enumerate(line.many(12))]
    sent = [entry for entry in whole for _ in range(dice.randint(1, 3))]
    dice.shuffle(sent)
    disorder = sum(1 for (one, _), (two, _) in pairwise(sent) if two < one)
    return Mess(lines, [fed for _, fed in sent], disorder)


async def delivered(place: Place, made: Mess, kind: str) -> list[Any]:
    """The effects of a mess."""
    await place.database.pool.execute(TABLE)
    await feed(place.kafka, made.fed)
    async with acting("following", **where(place, kind=kind, max_records=25)):
        await all_acknowledged(place.database, place.kafka)
    return await effects(place.database)


@pytest.mark.fault(17)
async def test_whatever_the_order_and_number_of_deliveries_the_effects_are_the_same(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, naive, made = await fresh_place(), await fresh_place(), mess(17)
    done = await delivered(place, made, "Ours")
    drill.saw(
        made.disorder and len(made.fed) > 144,
        f"{len(made.fed)} deliveries of 144 events, {made.disorder} times backwards",
    )
    drill.kept(once_and_in_order(done, made.lines), f"{len(done)} effects, each once, in order")
    drill.kept(await count(place.database, "parked_event") == 0, "nothing is left parked")
    careless = await delivered(naive, made, "Naive")
    wrong = not once_and_in_order(careless, made.lines)
    drill.bit(wrong and len(careless) == len(made.fed), f"without inbox {len(careless)} effects")

"""Faults 18 and 19: records that cannot be read; and no place to keep them."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

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
    lag,
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


def garbage() -> dict[str, tuple[Fed, str]]:
    """Every kind of it, with the code it is to be kept under."""
    good = {name: Line().next() for name in ("json", "utf8", "bytes", "type", "version", "null")}
    infinite = json.dumps({"team_id": str(uuid4()), "restricted": float("inf")}).encode()
    return {
        "bad JSON": (Fed(good["json"].headers, b'{"title": '), "bad_json"),
        "no JSON at all": (Fed(good["utf8"].headers, b"\xff\x00\xfe"), "bad_json"),
        "a number that JSON has not": (Fed(Line().next().headers, infinite), "bad_json"),
        "a payload of another shape": (Fed(Line().next().headers, b'{"a": 1}'), "bad_payload"),
        "bad header bytes": (good["bytes"].with_header("ce_id", b"\xff\xfe\x00"), "bad_headers"),
        "no headers": (Fed([], good["bytes"].value), "bad_headers"),
        "unknown type": (
            good["type"].with_header("ce_type", b"gateway.team.sneezed.v1"),
            "unknown_type",
        ),
        "future version": (
            good["version"].with_header("ce_type", b"gateway.team.changed.v7"),
            "unknown_type",
        ),
        "null value": (Fed(good["null"].headers, None), "null_value"),
    }


async def codes(place: Place) -> list[str]:
    """Of the letters kept, in the order of their records."""
    rows = await place.database.pool.fetch('select error_code from dead_letter order by "offset"')
    return [row["error_code"] for row in rows]


@pytest.mark.fault(18)
@pytest.mark.smoke
async def test_garbage_is_kept_once_and_the_partition_goes_on(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, line, kinds = await fresh_place(), Line(), garbage()
    await place.database.pool.execute(TABLE)
    fed = [record for bad, _ in kinds.values() for record in (line.next(), bad)]
    await feed(place.kafka, [*fed, line.next()])
    async with acting("following", **where(place, points=["after_commit"])) as dying:
        await dying.hears("at", point="after_commit")
        await dying.kill()
    expected = [code for _, code in kinds.values()]
    seen = await codes(place)
    drill.saw(
        seen == expected and await lag(place.database, place.kafka) == len(fed) + 1,
        f"{', '.join(kinds)}: all read, then SIGKILL before the ack",
    )
    async with acting("following", **where(place)):
        await all_acknowledged(place.database, place.kafka)
    drill.kept(await codes(place) == expected, f"delivered twice, {len(expected)} letters")
    kept = await place.database.pool.fetch('select value from dead_letter order by "offset"')
    same = [row["value"] for row in kept] == [bad.value for bad, _ in kinds.values()]
    drill.kept(same, "each with its bytes")
    done = await effects(place.database)
    drill.kept(once_and_in_order(done, [line]), f"the {len(done)} good ones between took effect")


@asynccontextmanager
async def role_without_letters(place: Place) -> AsyncIterator[tuple[str, str]]:
    """A role that may do all but write dead letters: its name, and the store's address as it."""
    name, pool = f"drill_{uuid4().hex[:8]}", place.database.pool
    await pool.execute(f"create role {name}")
    await pool.execute(f"grant all on all tables in schema public to {name}")
    await pool.execute(f"grant all on all sequences in schema public to {name}")
    await pool.execute(f"revoke insert on dead_letter from {name}")
    try:
        yield name, f"{place.dsn}{'&' if '?' in place.dsn else '?'}role={name}"
    finally:
        await pool.execute(f"drop owned by {name}")
        await pool.execute(f"drop role {name}")


@pytest.mark.fault(19)
async def test_a_dead_letter_that_cannot_be_written_stops_the_consumer_and_loses_nothing(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, line = await fresh_place(), Line()
    await place.database.pool.execute(TABLE)
    bad = Fed(Line().next().headers, b"{")
    records = [*line.many(3), bad, *line.many(3)]
    await feed(place.kafka, records)
    async with role_without_letters(place) as (role, dsn):
        for _ in range(2):
            async with acting("following", **where(place, dsn=dsn, quick=True)) as stopped:
                told = await stopped.hears("refused")
                status = await stopped.ended()
            assert told["error"] == "NotWritable"
            left = await lag(place.database, place.kafka)
            drill.saw(status == 3, f"no right to insert: it ends, told {told['error']}")
            drill.kept(left == len(records), "nothing acknowledged")
            drill.kept(await count(place.database, "dead_letter") == 0, "and nothing kept")
        await place.database.pool.execute(f"grant insert on dead_letter to {role}")
        async with acting("following", **where(place, dsn=dsn)):
            await all_acknowledged(place.database, place.kafka)
        drill.kept(await codes(place) == ["bad_json"], "with the right again the letter is kept")
    done = await effects(place.database)
    drill.kept(once_and_in_order(done, [line]), f"{len(done)} effects, each once and in order")

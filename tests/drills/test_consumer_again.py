"""Faults 23 and 24: the same dead letter twice; the whole log again, and a log made anew."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from drills.acting import acting
from drills.facts import TOPIC
from drills.following_up import (
    TABLE,
    Line,
    all_acknowledged,
    effects,
    feed,
    lag,
)
from drills.place import Place
from drills.record import Drill
from reading import records

from deskstream_eventstore import republish

Fresh = Callable[[], Awaitable[Place]]
GROUP = "ticketing.people"
STATE = {
    "applied": "stream, version, title",
    "inbox": "event_id",
    "stream_cursor": "stream_id, last_version",
    "parked_event": "stream_id, version, error_code",
    "dead_letter": "topic, partition, error_code",
}


def where(place: Place, **more: Any) -> dict[str, Any]:
    """Settings of a consumer process."""
    kafka = place.kafka
    at = {"dsn": place.dsn, "bootstrap": kafka.bootstrap, "prefix": kafka.prefix}
    return {**at, "kind": "Ours", "points": [], **more}


async def state(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """All that a consumer has written, without times and ids of its own."""
    found = {}
    for table, columns in STATE.items():
        rows = await place.database.pool.fetch(f"select {columns} from {table} order by {columns}")
        found[table] = [tuple(row) for row in rows]
    return found


@pytest.mark.fault(23)
async def test_the_same_dead_letter_replayed_again_and_at_once_changes_nothing(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, line = await fresh_place(), Line()
    await place.database.pool.execute(TABLE)
    unknown = line.next("the letter").with_header("ce_type", b"gateway.team.sneezed.v1")
    await feed(place.kafka, [unknown, *line.many(4)])
    async with acting("following", **where(place)):
        await all_acknowledged(place.database, place.kafka)
    letter = await place.database.pool.fetchval("select id from dead_letter")
    parked = await place.database.pool.fetchval("select count(*) from parked_event")
    assert (parked, await effects(place.database)) == (4, [])
    at = {"dsn": place.dsn, "letter": str(letter)}
    async with acting("replaying", **at) as one, acting("replaying", **at) as two:
        await asyncio.gather(one.hears("up"), two.hears("up"))
        one.say()
        two.say()
        told = await asyncio.gather(one.hears("replayed"), two.hears("replayed"))
        first = await state(place)
        third = await one.asked({}, "replayed")
    outcomes = sorted(t["outcome"] for t in told)
    drill.saw(third["outcome"] == "known", f"replayed by two at once, then again: {outcomes}")
    drill.kept(first == await state(place), "the third replay changed nothing")
    done = await effects(place.database)
    drill.kept(done == line.done[1:] and not first["parked_event"], f"{len(done)} effects, once")


async def reset(place: Place) -> None:
    """Set the group's offsets to the beginning, while it has no members."""
    name = TOPIC.named(place.kafka.prefix)
    client = AIOKafkaConsumer(
        bootstrap_servers=place.kafka.bootstrap,
        group_id=f"{place.kafka.prefix}{GROUP}",
        enable_auto_commit=False,
    )
    await client.start()
    try:
        partitions = [TopicPartition(name, n) for n in range(TOPIC.partitions)]
        client.assign(partitions)
        await client.commit(dict.fromkeys(partitions, 0))
    finally:
        await client.stop()


async def consumed(place: Place, kind: str = "Ours") -> None:
    """Run a consumer to the end of the log, and stop it."""
    async with acting("following", **where(place, kind=kind)) as consumer:
        await all_acknowledged(place.database, place.kafka)
        consumer.process.terminate()
        assert await consumer.ended() == 0


@pytest.mark.fault(24)
async def test_the_whole_log_again_and_a_log_made_anew_lead_to_the_same_state(
    drill: Drill, fresh_place: Fresh
) -> None:
    place = await fresh_place()
    await place.database.pool.execute(TABLE)
    await place.client.fill(200)
    async with place.relaying():
        await place.all_published()
    await consumed(place)
    before = await state(place)
    assert set(before["applied"]) == place.client.ledger.kept
    await reset(place)
    drill.saw(await lag(place.database, place.kafka) == 200, "offsets reset: 200 records behind")
    await consumed(place)
    drill.kept(await state(place) == before, "the same state after all records again")

    sent = await republish(place.database, place.kafka, "gateway", [TOPIC], recreate=True)
    found = await records(place.kafka, TOPIC)
    marked = sum(1 for envelope, _ in found if envelope.republished)
    drill.saw(sent.events == marked == len(found) == 200, "topic deleted, 200 sent again, marked")
    await place.client.fill(20)
    async with place.relaying():
        await place.all_published()
        await consumed(place)
    after = await state(place)
    new = set(after["applied"]) - set(before["applied"])
    whole = len(after["applied"]) == len(before["applied"]) + 20 == len(place.client.ledger.kept)
    drill.kept(whole and len(new) == 20, "the same state, and the 20 events that came since")
    drill.kept(not after["parked_event"] and not after["dead_letter"], "nothing set aside")
    verdict = await place.verdict()
    drill.kept(verdict.clean, str(verdict))


@pytest.mark.fault(24)
async def test_without_an_inbox_a_reset_doubles_everything(
    drill: Drill, fresh_place: Fresh
) -> None:
    naive, ours = await fresh_place(), await fresh_place()
    for place, kind in ((naive, "Naive"), (ours, "Ours")):
        await place.database.pool.execute(TABLE)
        await feed(place.kafka, Line().many(20))
        await consumed(place, kind)
        await reset(place)
        drill.saw(await lag(place.database, place.kafka) == 20, f"offsets reset ({kind})")
        await consumed(place, kind)
    doubled = len(await effects(naive.database))
    drill.bit(doubled == 40, f"without inbox {doubled} effects of 20 events")
    drill.kept(len(await effects(ours.database)) == 20, "ours: 20")

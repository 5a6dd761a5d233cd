"""Fault 25: the store is restored to an older backup while the log is ahead."""

import subprocess
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import pytest
from drills.facts import TOPIC
from drills.place import Place
from drills.record import Drill
from reading import records

from deskstream_eventstore import republish
from deskstream_tools.local.account import server_account
from deskstream_tools.local.postgres import installation

Fresh = Callable[[], Awaitable[Place]]


def tool(name: str, *arguments: str) -> bytes:
    """One of PostgreSQL's own programs."""
    program = str(installation() / "bin" / name)
    done = subprocess.run(
        [program, *arguments], check=True, capture_output=True, user=server_account(), cwd="/"
    )
    return done.stdout


def restore(dsn: str, dump: bytes) -> None:
    """Put a dump in the place of what is there."""
    program = str(installation() / "bin" / "pg_restore")
    subprocess.run(
        [program, "--clean", "--exit-on-error", "--single-transaction", "-d", dsn],
        input=dump,
        check=True,
        capture_output=True,
        user=server_account(),
        cwd="/",
    )


async def restored(place: Place) -> tuple[int, Sequence[UUID]]:
    """Publish, dump, publish more, restore the dump; then new commands pass the log's positions.

    How many published events the store no longer holds, and the streams."""
    async with place.relaying():
        streams = await place.client.fill(100)
        await place.all_published()
        dump = tool("pg_dump", "-Fc", "-d", place.dsn)
        kept = set(place.client.ledger.kept)
        for stream in streams:
            await place.client.append(stream, 10, 3)
        await place.all_published()
    restore(place.dsn, dump)
    gone = len(place.client.ledger.kept) - len(kept)
    place.client.ledger.kept = kept
    for stream in streams:
        await place.client.append(stream, 10, 5)
    return gone, streams


async def forks(place: Place) -> int:
    """Versions that the log holds with two different events."""
    found = {(e.stream_id, e.version, e.event_id) for e, _ in await records(place.kafka, TOPIC)}
    return sum(n > 1 for n in Counter((stream, version) for stream, version, _ in found).values())


@pytest.mark.fault(25)
async def test_a_relay_on_a_restored_store_refuses_and_names_the_way_out(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, naive = await fresh_place(), await fresh_place()
    gone, _ = await restored(place)
    before = len(await records(place.kafka, TOPIC))
    async with place.relaying() as relay:
        refused = await relay.hears("refused")
        status = await relay.ended()
    end = await place.end()
    drill.saw(gone == 30 and end >= 150, f"restored: {gone} events only in the log, end at {end}")
    named = "desk topics republish --recreate" in refused["text"]
    drill.kept(refused["error"] == "RelayAhead" and status == 3 and named, refused["text"])
    drill.kept(
        len(await records(place.kafka, TOPIC)) == before and not await forks(place),
        "nothing was published",
    )
    await republish(place.database, place.kafka, "gateway", [TOPIC], recreate=True)
    async with place.relaying():
        await place.all_published()
    verdict = await place.verdict()
    drill.kept(verdict.clean, f"after `republish --recreate`: {verdict}")
    await restored(naive)
    async with naive.relaying(kind="Unchecked"):
        await naive.all_published()
    drill.bit(found := await forks(naive), f"without the check {found} versions forked in the log")

"""Faults 2 to 6: positions are handed out before commit, and a reader must not be fooled."""

import asyncio
import urllib.request
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest
from drills.acting import Actor
from drills.facts import TOPIC
from drills.place import Place
from drills.record import Drill
from drills.until import until
from reading import records

from deskstream_eventstore.connection import IDLE_IN_TRANSACTION_TIMEOUT
from deskstream_tools.local.processes import free_port

Fresh = Callable[[], Awaitable[Place]]


async def open_append(writer: Actor, expected: int = 0) -> dict[str, object]:
    """Take a position in a transaction that stays open."""
    await writer.asked({"do": "begin"}, "begun")
    stream, title = str(uuid4()), uuid4().hex
    order = {"do": "append", "stream": stream, "expected": expected, "titles": [title]}
    told = await writer.asked(order, "appended")
    return {"stream": stream, "title": title, "position": told["position"]}


async def hole(place: Place) -> int:
    """A process dies in its transaction, after one committed event and before twenty: the hole."""
    await place.client.fill(10)
    async with place.writing() as writer:
        taken = await open_append(writer)
        await place.client.fill(20)
        assert await writer.kill() == -9
    position = int(str(taken["position"]))
    there = await place.database.pool.fetchval("select 1 from events where position = $1", position)
    assert there is None
    return position


@pytest.mark.fault(2)
async def test_a_position_that_died_with_its_writer_is_passed(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, other = await fresh_place(), await fresh_place()
    position = await hole(place)
    async with place.relaying():
        await place.all_published()
    end = await place.end()
    drill.saw(10 < position < end, f"writer killed in its transaction: no row at {position}/{end}")
    verdict = await place.verdict()
    drill.kept(verdict.clean and verdict.copies == 0, str(verdict))
    await hole(other)
    async with other.relaying(kind="GapWaiter") as relay:
        await relay.hears("advanced", position=position - 1)
        await relay.stop()
    found = await other.verdict()
    drill.bit(found.missing == 20, f"one that waits for holes stands before it: {found}")


async def slow_below_fast(place: Place, kind: str) -> tuple[int, int]:
    """A slow transaction holds a lower position than what commits meanwhile, under a relay."""
    async with place.relaying(kind=kind) as relay, place.writing() as writer:
        await relay.hears("relay_leads")
        await writer.hears("up")
        slow = await open_append(writer)
        await place.client.fill(10)
        if kind == "Ours":
            fence = (
                "select 1 from pg_stat_activity where datname = current_database() "
                "and query like '%virtualtransaction%any%' and pid <> pg_backend_pid()"
            )
            await until(lambda: place.database.pool.fetchval(fence), "the relay to wait")
            assert await place.checkpoint() < int(str(slow["position"]))
            assert not await records(place.kafka, TOPIC)
        else:
            await place.all_published()
        ended = await writer.asked({"do": "commit"}, "ended")
        assert ended["outcome"] == "committed"
        place.client.ledger.note(UUID(str(slow["stream"])), 0, [str(slow["title"])])
        await place.client.fill(10)
        await place.all_published()
    newer = await place.database.pool.fetchval(
        "select count(*) from events e join events s on s.position = $1 "
        "where e.position > s.position and e.recorded_at > s.recorded_at",
        slow["position"],
    )
    return int(str(slow["position"])), newer


@pytest.mark.fault(3)
@pytest.mark.smoke
async def test_a_slow_transaction_below_newer_positions_is_published(
    drill: Drill, fresh_place: Fresh
) -> None:
    ours, naive = await fresh_place(), await fresh_place()
    (position, newer), _ = await asyncio.gather(
        slow_below_fast(ours, "Ours"), slow_below_fast(naive, "PlainPoller")
    )
    drill.saw(newer >= 10, f"position {position} committed below {newer} newer ones")
    verdict = await ours.verdict()
    drill.kept(verdict.clean and verdict.copies == 0, str(verdict))
    found = await naive.verdict()
    drill.bit(found.missing == 1, f"position > cursor skips it: {found}")


async def business_first(place: Place, kind: str) -> tuple[int, int, list[int]]:
    """An older transaction appends behind a younger one: both ids, versions as published."""
    await place.database.pool.execute("create table business (id bigserial primary key)")
    stream = uuid4()
    async with place.relaying(kind=kind), place.writing() as older, place.writing() as younger:
        await asyncio.gather(older.hears("up"), younger.hears("up"))
        await older.asked({"do": "begin"}, "begun")
        first = await older.asked({"do": "business"}, "wrote")
        await younger.asked({"do": "begin"}, "begun")
        second = await younger.asked({"do": "business"}, "wrote")
        for version, writer in enumerate((younger, older)):
            title = uuid4().hex
            order = {"do": "append", "stream": str(stream), "expected": version, "titles": [title]}
            assert (await writer.asked(order, "appended"))["outcome"] == "ok"
            assert (await writer.asked({"do": "commit"}, "ended"))["outcome"] == "committed"
            place.client.ledger.note(stream, version, [title])

        async def both() -> bool:
            return len(await records(place.kafka, TOPIC)) == 2

        await until(both, "both to be published")
    return first["xid"], second["xid"], [e.version for e, _ in await records(place.kafka, TOPIC)]


@pytest.mark.fault(4)
async def test_a_transaction_that_wrote_first_and_appended_last_keeps_the_streams_order(
    drill: Drill, fresh_place: Fresh
) -> None:
    ours, naive = await fresh_place(), await fresh_place()
    older, younger, versions = await business_first(ours, "Ours")
    drill.saw(older < younger, f"transaction {older} appended after {younger}")
    verdict = await ours.verdict()
    drill.kept(verdict.clean and versions == [1, 2], f"published {versions}: {verdict}")
    *_, reversed_ = await business_first(naive, "XidOrder")
    drill.bit(reversed_ == [2, 1], f"order by (xid, position) published {reversed_}")


@pytest.mark.fault(5)
async def test_an_open_writer_in_another_database_delays_nothing(
    drill: Drill, fresh_place: Fresh
) -> None:
    ours, naive, other = [await fresh_place() for _ in range(3)]
    open_writers = (
        "select count(*) from pg_locks where relation = 'events'::regclass "
        "and mode = 'RowExclusiveLock'"
    )
    async with (
        ours.relaying() as relay,
        naive.relaying(kind="XidOrder") as delayed,
        other.writing() as writer,
    ):
        await asyncio.gather(relay.hears("relay_leads"), delayed.hears("relay_leads"))
        await writer.hears("up")
        await open_append(writer)
        await ours.client.fill(200)
        await naive.client.fill(20)
        await ours.all_published(seconds=5)
        missing = (await naive.verdict()).missing
        open_still = await other.database.pool.fetchval(open_writers)
        ended = await writer.asked({"do": "commit"}, "ended")
        drill.saw(open_still and ended["outcome"] == "committed", "it was open all the time")
        await naive.all_published()
    verdict = await ours.verdict()
    drill.kept(verdict.clean, f"all published while it was open: {verdict}")
    drill.bit(missing == 20, f"below the server's oldest transaction {missing} of 20 waited for it")


def fence_wait(port: int) -> float:
    """The relay's metric, scraped."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    (found,) = [line for line in lines if line.startswith("event_relay_fence_wait_seconds ")]
    return float(found.split()[1])


@pytest.mark.fault(6)
async def test_an_appender_that_idles_is_waited_for_shown_and_ended(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, port = await fresh_place(), free_port()
    async with place.relaying(metrics_port=port) as relay, place.writing() as writer:
        await relay.hears("relay_leads")
        backend = (await writer.asked({"do": "begin"}, "begun"))["backend"]
        stream, title = str(uuid4()), uuid4().hex
        await writer.asked(
            {"do": "append", "stream": stream, "expected": 0, "titles": [title]}, "appended"
        )
        await place.client.fill(30)
        seen: list[float] = []

        async def ended() -> bool:
            seen.append(fence_wait(port))
            state = "select state from pg_stat_activity where pid = $1"
            idle = await place.database.pool.fetchval(state, backend)
            if idle is not None:
                assert idle == "idle in transaction"
                assert await place.checkpoint() == 0
            return idle is None

        await until(ended, "PostgreSQL to end the idle session", 40)
        await place.all_published()
        outcome = (await writer.asked({"do": "commit"}, "ended"))["outcome"]
        await until(lambda: fence_wait(port) == 0, "the metric to fall")
    drill.saw(
        outcome != "committed",
        f"idle appender ended after {IDLE_IN_TRANSACTION_TIMEOUT}: {outcome}",
    )
    peak = max(seen)
    rose = seen[0] < seen[len(seen) // 2] < peak and peak > 5
    drill.kept(rose, f"the fence-wait metric rose to {peak:.1f} s, then fell to 0")
    verdict = await place.verdict()
    drill.kept(verdict.clean and verdict.published == 30, str(verdict))

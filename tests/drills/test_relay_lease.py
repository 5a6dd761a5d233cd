"""Faults 10 and 11: two relays, one after the other has been stopped, and both at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from drills.facts import TOPIC
from drills.place import Place
from drills.record import Drill
from drills.until import until
from reading import records

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Consumer, ConsumerRuntime, Fact, Work

Fresh = Callable[[], Awaitable[Place]]
TTL = 6.0


@asynccontextmanager
async def following(place: Place) -> AsyncIterator[None]:
    """A consumer that writes down every effect, and runs as the product's do."""
    await place.database.pool.execute(
        "create table applied (n bigserial, stream uuid, version int, title text)"
    )
    consumer = Consumer("ticketing.people", [TOPIC])

    @consumer.on(TeamChangedV1)
    async def when_team_changed(work: Work, fact: Fact[TeamChangedV1]) -> None:
        await work.connection.execute(
            "insert into applied (stream, version, title) values ($1, $2, $3)",
            fact.stream_id,
            fact.version,
            fact.event.title,
        )

    runtime, stopping = ConsumerRuntime(place.database, place.kafka, [consumer]), asyncio.Event()
    running = asyncio.create_task(runtime.run(stopping))
    try:
        yield
    finally:
        stopping.set()
        await running


async def effects(place: Place) -> list[tuple[object, ...]]:
    """What the consumer did, in order."""
    rows = await place.database.pool.fetch("select stream, version, title from applied order by n")
    return [tuple(row) for row in rows]


async def overtaken(place: Place, kind: str) -> tuple[bool, int, int]:
    """Stop a relay with a batch in hand, let another lead, then continue the first.

    Whether the first one's checkpoint was refused, and the checkpoint before and after its try."""
    async with place.relaying("before_send", kind=kind, ttl=TTL) as zombie:
        await place.client.fill(60)
        await zombie.hears("at", point="before_send")
        await zombie.stop()
        zombie.say()
        async with place.relaying(ttl=TTL) as heir:
            await heir.hears("relay_leads", epoch=2)
            await place.client.fill(100)
            await place.all_published()
            before = await place.checkpoint()
            zombie.go_on()
            if kind == "Ours":
                await zombie.hears("relay_lease_lost")
            else:
                await zombie.hears("advanced")
            after = await place.checkpoint()
            assert heir.alive
            return not zombie.has_told("advanced"), before, after


@pytest.mark.fault(10)
async def test_a_relay_that_slept_past_its_lease_moves_no_checkpoint_and_disturbs_no_consumer(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, naive = await fresh_place(), await fresh_place()
    (refused, before, after), (_, far, back) = await asyncio.gather(
        overtaken(place, "Ours"), overtaken(naive, "WithoutEpoch")
    )
    epochs = [e.relay_epoch for e, _ in await records(place.kafka, TOPIC)]
    late = sum(1 for n, epoch in enumerate(epochs) if epoch == 1 and 2 in epochs[:n])
    drill.saw(late and epochs.count(1) == 60, f"SIGSTOP past {TTL:.0f} s, {late} copies came late")
    drill.kept(refused and before == after, f"its checkpoint was refused; {after} stood")
    async with following(place):
        await until(lambda: _caught_up(place), "the consumer to catch up")
        parked = await place.database.pool.fetchval("select count(*) from parked_event")
    verdict = await place.verdict()
    drill.kept(verdict.clean and verdict.copies == 60, str(verdict))
    done = await effects(place)
    once = len(done) == len(set(done)) and set(done) == place.client.ledger.kept
    drill.kept(once and not parked, f"{len(done)} effects equal the ledger, none parked")
    drill.bit(back < far, f"without the epoch it set the checkpoint back from {far} to {back}")


async def _caught_up(place: Place) -> bool:
    cursors = "select coalesce(sum(last_version), 0) from stream_cursor"
    return bool(await place.database.pool.fetchval(cursors) >= len(place.client.ledger.kept))


async def together(place: Place, kind: str) -> set[int]:
    """Two relays told to begin at the same moment, while a client appends. Who led, by epoch."""
    await place.client.fill(50)
    async with (
        place.relaying(kind=kind, ttl=15, waits=True) as one,
        place.relaying(kind=kind, ttl=15, waits=True) as two,
    ):
        await asyncio.gather(one.hears("up"), two.hears("up"))
        one.say()
        two.say()
        await place.all_published()
        await place.client.fill(200)
        await place.all_published()
        assert one.alive
        assert two.alive
        if kind == "WithoutLease":
            await until(lambda: _doubled(place), "both to publish")
        return {told["epoch"] for relay in (one, two) for told in relay.has_told("relay_leads")}


async def _doubled(place: Place) -> bool:
    return (await place.verdict()).copies > 0


@pytest.mark.fault(11)
async def test_of_two_relays_started_together_one_epoch_advances(
    drill: Drill, fresh_place: Fresh
) -> None:
    place, naive = await fresh_place(), await fresh_place()
    leaders = await together(place, "Ours")
    held = await place.database.pool.fetchval("select epoch from relay_lease")
    drill.saw(leaders == {1}, "two processes began together, both lived to the end")
    verdict = await place.verdict()
    drill.kept(verdict.clean and verdict.copies == 0, str(verdict))
    drill.kept(verdict.epochs == {1} == {held}, f"epoch {held} advanced")
    await together(naive, "WithoutLease")
    drill.bit((found := await naive.verdict()).copies > 0, f"without a lease: {found}")

"""What a consumer does when its own database is away or refuses what must be kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from following import QUICK, SEEN, Behaviour, Stream, consumer, one, seen, until

from deskstream_eventstore import Database, NotWritable, Patience, Processor
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.consuming.patience import GivenBack


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    return database


class Outage:
    """Cuts all of a store's connections and lets nobody in, then lets them in again."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def _run(self, sql: str) -> None:
        parts = urlsplit(self._dsn)
        connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
        try:
            await connection.execute(sql.format(name=parts.path.strip("/")))
        finally:
            await connection.close()

    async def begin(self) -> None:
        await self._run('alter database "{name}" allow_connections false')
        await self._run(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        )

    async def end(self) -> None:
        await self._run('alter database "{name}" allow_connections true')


@pytest.fixture
async def outage(store_dsn: str) -> AsyncIterator[Outage]:
    made = Outage(store_dsn)
    yield made
    await made.end()


class Counting(Processor):
    """Counts its attempts at a transaction and its looks at the database."""

    attempts = looks = 0

    async def _answers(self) -> bool:
        self.looks += 1
        return await super()._answers()

    async def _transaction(self, *args: Any, **kwargs: Any) -> Any:
        self.attempts += 1
        return await super()._transaction(*args, **kwargs)


async def test_an_outage_is_no_try_and_the_batch_goes_on_when_it_ends(
    store: Database, outage: Outage
) -> None:
    behaviour = Behaviour()
    processor = Counting(store, consumer(behaviour), patience=QUICK)
    stream = Stream()
    await processor.process([stream.tagged()])
    processor.attempts = 0
    started = time.monotonic()
    await outage.begin()
    running = asyncio.create_task(processor.process(stream.many(3)))
    await until(lambda: _looked(processor, 6))
    assert not running.done()
    await outage.end()
    await running
    rate = (processor.attempts + processor.looks) / (time.monotonic() - started)
    assert rate < 5, rate
    assert await seen(store) == [1, 2, 3, 4]
    assert await one(store, "select count(*) from parked_event") == 0


async def _looked(processor: Counting, times: int) -> bool:
    return processor.looks >= times


async def test_an_outage_in_the_middle_of_a_handler_takes_effect_once(
    store: Database, outage: Outage
) -> None:
    behaviour = Behaviour()
    processor = Processor(store, consumer(behaviour), patience=QUICK)
    cut = [outage.begin]

    async def die() -> None:
        if cut:
            await cut.pop()()
            asyncio.get_running_loop().call_later(
                1, lambda: ending.append(asyncio.create_task(outage.end()))
            )

    ending: list[asyncio.Task[None]] = []
    behaviour.on["die"] = die
    stream = Stream()
    await processor.process([stream.tagged(), stream.tagged("die"), stream.tagged()])
    assert await seen(store) == [1, 2, 3]
    assert await one(store, "select count(*) from parked_event") == 0
    await ending[0]


async def test_a_long_outage_gives_the_batch_back_to_kafka(store: Database, outage: Outage) -> None:
    patience = Patience(outage_shortest=0.2, outage_longest=0.3, budget=1)
    processor = Processor(store, consumer(Behaviour()), patience=patience)
    await outage.begin()
    with pytest.raises(GivenBack):
        await processor.process(Stream().many(2))
    await outage.end()


async def test_a_stop_ends_the_wait_at_once(store: Database, outage: Outage) -> None:
    stopping = asyncio.Event()
    patience = Patience(outage_longest=100, outage_shortest=0.2)
    processor = Counting(store, consumer(Behaviour()), patience=patience, stopping=stopping)
    await outage.begin()
    running = asyncio.create_task(processor.process(Stream().many(2)))
    await until(lambda: _looked(processor, 1))
    stopping.set()
    with pytest.raises(GivenBack):
        await asyncio.wait_for(running, 2)
    await outage.end()


@pytest.mark.parametrize("table", ["dead_letter", "parked_event"])
async def test_what_cannot_be_kept_stops_the_consumer_and_commits_nothing(
    store: Database, table: str
) -> None:
    async with store.work() as work:
        await work.connection.execute(f"alter table {table} rename to elsewhere")
    processor = Processor(store, consumer(Behaviour()), patience=QUICK)
    good, bad = Stream(), Stream()
    wrong = bad.other("ticketing.ticket.tagged.v1", b"{") if table == "dead_letter" else None
    records = [good.tagged(), wrong or bad.tagged("permanent"), good.tagged()]
    with pytest.raises(NotWritable):
        await processor.process(records)
    async with store.work() as work:
        await work.connection.execute(f"alter table elsewhere rename to {table}")
    await processor.process(records)
    assert await seen(store, good.id) == [1, 2]
    assert await one(store, f"select count(*) from {table}") == 1


async def test_a_session_ended_for_the_handlers_slowness_counts_as_a_try(
    store: Database,
) -> None:
    behaviour = Behaviour()

    async def slow() -> None:
        async with store.pool.acquire() as other:
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )

    behaviour.on["slow"] = slow
    patience = Patience(tries=2, shortest=0.001, longest=0.01, slow_attempt=0.0, budget=30)
    processor = Processor(store, consumer(behaviour), patience=patience)
    good, bad = Stream(), Stream()
    await processor.process([bad.tagged("slow"), *good.many(2)])
    assert await seen(store, good.id) == [1, 2]
    assert await one(store, "select attempts from parked_event") == 2


class Dying(Processor):
    """Fails before its commit, or after it, once."""

    before = after = 0

    async def before_commit(self, items: Sequence[Incoming]) -> None:
        if self.before:
            self.before -= 1
            raise SystemExit

    async def after_commit(self, items: Sequence[Incoming]) -> None:
        if self.after:
            self.after -= 1
            raise SystemExit


@pytest.mark.parametrize("where", ["before", "after"])
async def test_dying_before_or_after_the_commit_takes_effect_once(
    store: Database, where: str
) -> None:
    processor = Dying(store, consumer(Behaviour()), patience=QUICK)
    setattr(processor, where, 1)
    records = Stream().many(3)
    with pytest.raises(SystemExit):
        await processor.process(records)
    await processor.process(records)
    assert await seen(store) == [1, 2, 3]


async def test_two_members_with_the_same_records_take_effect_once(store: Database) -> None:
    behaviours = [Behaviour(), Behaviour()]
    members = [Processor(store, consumer(b), patience=QUICK) for b in behaviours]
    streams = [Stream() for _ in range(20)]
    records = [s.tagged() for _ in range(5) for s in streams]
    await asyncio.gather(members[0].process(records[:80]), members[1].process(records))
    for stream in streams:
        assert await seen(store, stream.id) == [1, 2, 3, 4, 5]
    assert await one(store, "select count(*) from parked_event") == 0

"""B1 to B3: the unit of work and the append against raw asyncpg, a peer, and COPY."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from sqlalchemy import Column, MetaData, Table, Text, Uuid, insert

from bench.harness import Result, rate, ratio
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Database, Origin, SubjectHasher, compiled, store_metadata
from deskstream_eventstore.connection import StoreConnection

CONNECTIONS = 16
UNITS = 1600
BATCH = 100
MANY = 9
"""Rounds of what is short, and so suffers from what else the machine does."""
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:bench", "bench")

_view = Table("bench_view", MetaData(), Column("id", Uuid, primary_key=True), Column("title", Text))
_INSERT_VIEW = compiled(insert(_view))
_RAW_VIEW = "insert into bench_view (id, title) values ($1, $2)"
_RAW_EVENT = """
insert into events (stream_id, stream_type, version, event_id, type, schema_version, data, meta)
values ($1, $2, $3, $4, $5, $6, $7::text::json, $8::text::json)"""


async def _raw_codec(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """JSON text as it is, in the binary format that COPY wants."""
    await connection.set_type_codec(
        "json", encoder=str.encode, decoder=bytes.decode, schema="pg_catalog", format="binary"
    )


def event(stream: UUID) -> TeamChangedV1:
    """One fact of common size."""
    return TeamChangedV1(at=NOW, team_id=stream, title="x" * 200, restricted=False)


@asynccontextmanager
async def stores(dsn: str) -> AsyncIterator[tuple[Database, "asyncpg.Pool[asyncpg.Record]"]]:
    """A migrated store with our database and a raw pool, 16 connections each, all open."""
    database = await Database.connect(
        dsn, size=CONNECTIONS, name="bench", subjects=SubjectHasher(b"b" * 32)
    )
    raw = await asyncpg.create_pool(
        dsn,
        min_size=CONNECTIONS,
        max_size=CONNECTIONS,
        init=_raw_codec,
        connection_class=StoreConnection,
    )
    await database.pool.execute("create table bench_view (id uuid primary key, title text)")
    try:
        yield database, raw
    finally:
        await raw.close()
        await database.close()


async def unit_of_work(dsn: str) -> Result:
    """B1."""
    async with stores(dsn) as (database, raw):

        async def ours() -> None:
            for _ in range(UNITS // CONNECTIONS):
                stream = uuid4()
                async with database.work(ORIGIN) as work:
                    await _INSERT_VIEW.execute(work, id=stream, title="t")
                    work.append("gateway.team", stream, 0, [event(stream)])

        async def theirs() -> None:
            meta = '{"actor":"system:bench","correlation_id":"bench"}'
            for _ in range(UNITS // CONNECTIONS):
                stream, event_id = uuid4(), uuid4()
                payload = event(stream).model_dump_json()
                async with raw.acquire() as connection, connection.transaction():
                    await connection.execute(_RAW_VIEW, stream, "t")
                    row = (stream, "gateway.team", 1, event_id, "t", 1, payload, meta)
                    await connection.execute(_RAW_EVENT, *row)

        return await ratio(
            "B1",
            ">= 0.8",
            _many(ours),
            _many(theirs),
            rounds=MANY,
            note="units of work per second",
            limit="70 µs more CPU a unit: time limit, envelope, the event's own checks",
        )


def _many(
    task: Callable[[], Awaitable[None]], count: int = UNITS
) -> Callable[[], Awaitable[float]]:
    return lambda: rate([task] * CONNECTIONS, count)


async def append_one(dsn: str, host: Path, user: str) -> Result:
    """B2."""
    async with stores(dsn) as (database, _):
        name = urlsplit(dsn).path.strip("/")
        datastore = PostgresDatastore(name, str(host), 5432, user, "", pool_size=CONNECTIONS)
        recorder = PostgresApplicationRecorder(datastore, events_table_name="peer_events")
        recorder.create_table()

        async def ours() -> None:
            for _ in range(UNITS // CONNECTIONS):
                stream = uuid4()
                async with database.work(ORIGIN) as work:
                    work.append("gateway.team", stream, 0, [event(stream)])

        def one_thread() -> None:
            for _ in range(UNITS // CONNECTIONS):
                stream = uuid4()
                state = event(stream).model_dump_json().encode()
                recorder.insert_events([StoredEvent(stream, 1, "t", state)])

        with ThreadPoolExecutor(CONNECTIONS) as threads:

            async def theirs() -> float:
                loop = asyncio.get_running_loop()

                async def one() -> None:
                    await loop.run_in_executor(threads, one_thread)

                return await rate([one] * CONNECTIONS, UNITS)

            try:
                note = "appends per second"
                limit = "three round trips and 160 µs CPU a unit, all in one process"
                return await ratio(
                    "B2", ">= 5", _many(ours), theirs, rounds=MANY, note=note, limit=limit
                )
            finally:
                datastore.close()


async def append_hundred(dsn: str) -> Result:
    """B3: events per second of one writer, both sides with a commit per hundred."""
    times = 40
    columns = [
        c.name
        for c in store_metadata.tables["events"].columns
        if c.name not in ("position", "recorded_at")
    ]
    async with stores(dsn) as (database, raw):

        async def ours() -> None:
            for _ in range(times):
                stream = uuid4()
                async with database.work(ORIGIN) as work:
                    work.append("gateway.team", stream, 0, [event(stream) for _ in range(BATCH)])

        async def theirs() -> None:
            meta = json.dumps({"actor": "system:bench", "correlation_id": "bench"})
            for _ in range(times):
                stream = uuid4()
                rows = [
                    (
                        stream,
                        "gateway.team",
                        n,
                        uuid4(),
                        "t",
                        1,
                        event(stream).model_dump_json(),
                        meta,
                    )
                    for n in range(1, BATCH + 1)
                ]
                async with raw.acquire() as connection, connection.transaction():
                    await connection.copy_records_to_table("events", records=rows, columns=columns)

        return await ratio(
            "B3",
            ">= 0.6",
            lambda: rate([ours], times * BATCH),
            lambda: rate([theirs], times * BATCH),
            note="events per second",
        )

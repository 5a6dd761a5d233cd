"""From the store to the log: in order, without gaps, at least once, by one holder at a time."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from deskstream_events import Topic
from deskstream_eventstore.connection import CONNECTION_OUTAGES, STATEMENT_SECONDS, Connection
from deskstream_eventstore.fence import last_position, wait_for_writers
from deskstream_eventstore.held import forget, held_streams, hold, released
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.lease import RENEW_EVERY, TTL, Lease, LeaseLost
from deskstream_eventstore.metrics import OLDEST_UNPUBLISHED, PUBLISHED, UNPUBLISHED
from deskstream_eventstore.outgoing import COLUMNS, TOO_LARGE, Outgoing, Sender, Stalled, outgoing
from deskstream_eventstore.tail import TopicMissing, check_tails, read_tails
from deskstream_eventstore.tracing import PublishSpans
from deskstream_eventstore.work import Database

BATCH = 1000
SHORTEST_POLL, LONGEST_POLL = 0.005, 0.050
FIRST_BACKOFF, LONGEST_BACKOFF = 0.2, 5.0
STAND_BY = 1.0
"""Seconds between two looks at another's lease."""

_BEGIN = """
insert into relay_checkpoint as mine (name, position, epoch) values ($1, 0, $2)
on conflict (name) do update set epoch = excluded.epoch where mine.epoch <= excluded.epoch
returning position"""
_ASYNC = "set_config('synchronous_commit', 'off', true) = 'off'"
"""For the two rows below, written each turn: their commits wait for no disk. What a crash of
PostgreSQL takes of them is sent again; every event was durable before it could be read."""
_READ = f"""
with safe as (
  insert into log_head as mine (name, safe_position, seen_at)
  select $4, $2, clock_timestamp() where {_ASYNC}
  on conflict (name) do update set safe_position = $2, seen_at = clock_timestamp()
  where mine.safe_position < $2
)
select {COLUMNS} from events where position > $1 and position <= $2 order by position limit $3"""  # noqa: S608
_ADVANCE = f"""
update relay_checkpoint set position = $3
where name = $1 and epoch = $2 and position < $3 and {_ASYNC}
returning 1"""  # noqa: S608
_BEHIND = """
select count(*) as events,
  coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0)::float as age
from events
where position > coalesce((select position from relay_checkpoint where name = $1), 0)"""

OUTAGES = (
    *CONNECTION_OUTAGES,
    KafkaError,
    Stalled,
    TopicMissing,
)
"""What passes by itself: wait and begin again. RelayAhead is not among them."""

log = structlog.get_logger()


class Relay:
    """Publishes a service's own topics.

    `run` holds the lease while it can, stands by while another does, and goes on after every outage
    of broker or database; a checkpoint never moves before all acknowledgements. Its crash causes
    duplicates of at most one batch, PostgreSQL's of what was sent in its last second, never loss.
    Raises RelayAhead where history would fork.
    """

    def __init__(
        self,
        database: Database,
        kafka: KafkaSettings,
        service: str,
        topics: Sequence[Topic],
        *,
        lease: Lease | None = None,
    ) -> None:
        self._database = database
        self._kafka = kafka
        self._service = service
        self._topics = tuple(topics)
        self._lease = lease or Lease("relay", TTL)
        self._sender = Sender(kafka, f"{service}-relay")
        self.beat = 0.0
        """Loop time of the last turn: liveness."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`. Gives the lease back at the end."""
        backoff = FIRST_BACKOFF
        try:
            while not stopping.is_set():
                try:
                    await self._hold(stopping)
                    backoff = FIRST_BACKOFF
                except LeaseLost:
                    log.warning("relay_lease_lost")
                except OUTAGES as outage:
                    log.warning("relay_waits", error_code=type(outage).__name__)
                    await self._measure()
                    await _pause(stopping, backoff)
                    backoff = min(backoff * 2, LONGEST_BACKOFF)
                self._beat()
        finally:
            await self._sender.close()

    async def _hold(self, stopping: asyncio.Event) -> None:
        """Take the lease if it is free, and publish while it is ours."""
        async with self._database.pool.acquire() as connection:
            if not await self._lease.is_free(connection):
                UNPUBLISHED.set(0)
                OLDEST_UNPUBLISHED.set(0)
                await _pause(stopping, STAND_BY)
                return
            highest = await self.check(connection)
            if not await self._lease.take(connection, above=highest):
                return
            position = await connection.fetchval(_BEGIN, self._service, self._lease.epoch)
            if position is None:
                raise LeaseLost("a newer epoch has written the checkpoint")
            log.info("relay_leads", epoch=self._lease.epoch, position=position)
            lost = asyncio.Event()
            renewing = asyncio.create_task(self._renew(lost))
            try:
                await self._publish(connection, position, stopping, lost)
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
                with contextlib.suppress(*OUTAGES):
                    await self._lease.give_back(connection)

    async def check(self, connection: Connection) -> int:
        """The log must end with what the store holds; its highest epoch. Raises RelayAhead."""
        return await check_tails(connection, await read_tails(self._kafka, self._topics))

    async def _renew(self, lost: asyncio.Event) -> None:
        try:
            while True:
                await asyncio.sleep(RENEW_EVERY.total_seconds())
                async with self._database.pool.acquire() as connection:
                    await self._lease.renew(connection)
        except (LeaseLost, *OUTAGES):
            lost.set()

    async def _publish(
        self,
        connection: Connection,
        position: int,
        stopping: asyncio.Event,
        lost: asyncio.Event,
    ) -> None:
        poll = SHORTEST_POLL
        while not stopping.is_set():
            if lost.is_set():
                raise LeaseLost("the lease could not be renewed")
            self._beat()
            rows, safe = await self.read(connection, position)
            if safe > position:
                position = await self._turn(connection, rows, safe)
                poll = SHORTEST_POLL
            else:
                UNPUBLISHED.set(0)
                OLDEST_UNPUBLISHED.set(0)
                await self._send_released(connection)
                await _pause(stopping, poll)
                poll = min(poll * 1.5, LONGEST_POLL)

    async def read(self, connection: Connection, position: int) -> tuple[list[asyncpg.Record], int]:
        """The next rows behind the fence, and up to where the store is safe to read."""
        safe = await last_position(connection)
        if safe <= position:
            return [], safe
        await wait_for_writers(connection)
        rows = await connection.fetch(
            _READ, position, safe, BATCH, self._service, timeout=STATEMENT_SECONDS
        )
        return rows, safe

    async def _turn(self, connection: Connection, rows: Sequence[asyncpg.Record], safe: int) -> int:
        end = rows[-1]["position"] if len(rows) == BATCH else safe
        if rows:
            age = datetime.now(UTC) - rows[0]["recorded_at"]
            OLDEST_UNPUBLISHED.set(age.total_seconds())
            UNPUBLISHED.set(safe - rows[0]["position"] + 1)
            await self._deliver(connection, rows)
        await self.advance(connection, end)
        return end

    async def _deliver(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
        spans = PublishSpans()
        waiting = await held_streams(connection)
        records = [self._outgoing(row, spans) for row in rows]
        for record in [r for r in records if r.stream_id in waiting]:
            await hold(connection, record, "behind")
        flowing = [r for r in records if r.stream_id not in waiting]
        failed: BaseException | None = None
        try:
            await self.send(flowing)
        except TOO_LARGE:
            flowing = await self._one_by_one(connection, flowing)
        except BaseException as error:
            failed = error
            raise
        finally:
            spans.end(failed)
        for topic, count in Counter(record.topic for record in flowing).items():
            PUBLISHED.labels(topic).inc(count)

    def _outgoing(self, row: asyncpg.Record, spans: PublishSpans | None = None) -> Outgoing:
        return outgoing(row, self._service, self._kafka.prefix, self._lease.epoch, spans=spans)

    async def _one_by_one(
        self, connection: Connection, records: Sequence[Outgoing]
    ) -> list[Outgoing]:
        """Find the record that the broker refuses; it and its stream wait, the others flow.
        Returns what has been sent."""
        held: set[UUID] = set()
        sent: list[Outgoing] = []
        for record in records:
            if record.stream_id in held:
                await hold(connection, record, "behind")
                continue
            try:
                await self.send([record])
                sent.append(record)
            except TOO_LARGE:
                held.add(record.stream_id)
                await hold(connection, record, "too_large")
                log.warning("relay_held", error_code="too_large", position=record.position)
        return sent

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Send and wait for all acknowledgements. Raises Stalled, or one of TOO_LARGE."""
        await self._sender.send(records)

    async def advance(self, connection: Connection, position: int) -> None:
        """Move the checkpoint. Raises LeaseLost where a newer epoch has it."""
        done = await connection.fetchval(
            _ADVANCE, self._service, self._lease.epoch, position, timeout=STATEMENT_SECONDS
        )
        if not done:
            raise LeaseLost("the checkpoint belongs to a newer epoch")

    async def _send_released(self, connection: Connection) -> None:
        refused: set[UUID] = set()
        for row in await released(connection):
            record = self._outgoing(row)
            if record.stream_id in refused:
                continue
            try:
                await self.send([record])
            except TOO_LARGE:
                refused.add(record.stream_id)
                await hold(connection, record, "too_large")
            else:
                await forget(connection, record)

    async def _measure(self) -> None:
        """How far behind, while nothing can be sent: the alarm must not need a broker."""
        with contextlib.suppress(*OUTAGES):
            row = await self._database.pool.fetchrow(_BEHIND, self._service)
            assert row is not None
            UNPUBLISHED.set(row["events"])
            OLDEST_UNPUBLISHED.set(row["age"])

    def _beat(self) -> None:
        self.beat = asyncio.get_running_loop().time()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)

"""The consumer of the drills: it writes down every effect, and records to feed it with."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from drills.facts import TOPIC, changed
from drills.until import until

from deskstream_events import Envelope, Meta
from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import Consumer, Database, Fact, KafkaSettings, Processor, Work, ops
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.kafka import producer

TABLE = "create table applied (n bigserial, stream uuid, version int, title text)"
Done = tuple[UUID, int, str]
Wait = Callable[[str], Awaitable[None]]


def follower(wait: Wait | None = None) -> Consumer:
    """Not idempotent by itself: a second call for the same fact leaves a second row."""
    made = Consumer("ticketing.people", [TOPIC])

    @made.on(TeamChangedV1)
    async def when_team_changed(work: Work, fact: Fact[TeamChangedV1]) -> None:
        await work.connection.execute(
            "insert into applied (stream, version, title) values ($1, $2, $3)",
            fact.stream_id,
            fact.version,
            fact.event.title,
        )
        if wait is not None:
            await wait(fact.event.title)

    return made


class WithoutInbox(Processor):
    """As one might first write it: handle the batch, commit, acknowledge."""

    async def process(self, records: Sequence[Any]) -> None:
        """At least once, and no more than that is promised."""
        items = [found for r in records if isinstance(found := self.read(r), Incoming)]
        async with self._database.work() as work:
            for item in items:
                await self._applier.handle(work, item, self._now())
            await self.before_commit(items)
        await self.after_commit(items)


@dataclass(frozen=True)
class Fed:
    """One record to send."""

    headers: list[tuple[str, bytes]]
    value: bytes | None

    def with_header(self, name: str, value: bytes) -> "Fed":
        """The same with one header changed."""
        return Fed([(n, value if n == name else v) for n, v in self.headers], self.value)


@dataclass
class Line:
    """The events of one stream, one after the other; `done` is what they must lead to."""

    id: UUID = field(default_factory=uuid4)
    done: list[Done] = field(default_factory=list)

    def next(self, title: str = "") -> Fed:
        """The next event."""
        version, title = len(self.done) + 1, title or uuid4().hex
        self.done.append((self.id, version, title))
        return self.event(version, title)

    def many(self, count: int) -> list[Fed]:
        """The next ones."""
        return [self.next() for _ in range(count)]

    def event(self, version: int, title: str) -> Fed:
        """An event of any version, under an id of its own."""
        event = changed(self.id, title)
        envelope = Envelope(
            event_id=uuid4(),
            type=event.TYPE,
            source="gateway",
            stream_id=self.id,
            version=version,
            position=version,
            at=datetime.now(UTC),
            meta=Meta("system:drill", "c-1"),
            relay_epoch=1,
        )
        return Fed(envelope.to_headers(), event.model_dump_json().encode())


async def feed(kafka: KafkaSettings, fed: Sequence[Fed], partition: int = 0) -> None:
    """Send records straight into the topic, in this order."""
    sender = producer(kafka, "drill")
    await sender.start()
    try:
        sent = [
            await sender.send(
                TOPIC.named(kafka.prefix), f.value, key=b"k", headers=f.headers, partition=partition
            )
            for f in fed
        ]
        await asyncio.gather(*sent)
    finally:
        await sender.stop()


async def effects(database: Database) -> list[Done]:
    """What the consumer did, in order."""
    rows = await database.pool.fetch("select stream, version, title from applied order by n")
    return [(row["stream"], row["version"], row["title"]) for row in rows]


async def count(database: Database, table: str) -> int:
    """Rows of a table."""
    return int(await database.pool.fetchval(f"select count(*) from {table}"))


async def lag(database: Database, kafka: KafkaSettings) -> int | None:
    """Records not acknowledged to Kafka, as an outsider sees it."""
    (row,) = (await ops.lag(database, kafka, [follower()])).consumers
    return row.lag


async def all_acknowledged(database: Database, kafka: KafkaSettings, seconds: float = 60) -> None:
    """Wait until nothing is left."""

    async def nothing_left() -> bool:
        return await lag(database, kafka) == 0

    await until(nothing_left, "the consumer to acknowledge everything", seconds)


def once_and_in_order(done: Sequence[Done], lines: Sequence[Line]) -> bool:
    """Whether each line took effect completely, in order and once, and nothing else did."""
    of_lines = [[d for d in done if d[0] == line.id] == line.done for line in lines]
    return all(of_lines) and len(done) == sum(len(line.done) for line in lines)

"""A consumer for tests that writes down what it did, and records as Kafka would deliver them."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_events import Envelope, Event, Meta, topics
from deskstream_events.ticketing.ticket import TicketOpenedV1, TicketTaggedV1
from deskstream_eventstore import Consumer, Database, Fact, Patience, Permanent, Work, plan_effect

TOPIC = topics.TICKETS
NAME = "notifier.mail"
QUICK = Patience(
    tries=3, shortest=0.001, longest=0.01, outage_shortest=0.5, outage_longest=0.6, budget=60
)
SEEN = "create table seen (n bigserial, consumer text, stream_id uuid, version int, what text)"


@dataclass
class Record:
    """What Kafka gives."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    offset: int
    partition: int = 0
    topic: str = TOPIC.name
    timestamp: int = 0


@dataclass
class Stream:
    """Makes the events of one ticket, one after the other."""

    id: UUID = field(default_factory=uuid4)
    version: int = 0
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def envelope(self, event: Event, **changes: Any) -> Envelope:
        self.version += 1
        fields: dict[str, Any] = {
            "event_id": uuid4(),
            "type": event.TYPE,
            "source": "ticketing",
            "stream_id": self.id,
            "version": self.version,
            "position": self.version,
            "at": self.at,
            "meta": Meta("user:u", "corr-1", None, "00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
            "relay_epoch": 1,
        }
        return Envelope(**(fields | changes))

    def tagged(self, tag: str = "ok", **changes: Any) -> Record:
        event = TicketTaggedV1(at=self.at, ticket_id=self.id, tags=(tag,))
        return record(self.envelope(event, **changes), event.model_dump_json().encode())

    def many(self, count: int) -> list[Record]:
        return [self.tagged() for _ in range(count)]

    def opened(self, address: str) -> Record:
        event = TicketOpenedV1(
            at=self.at,
            ticket_id=self.id,
            number=1,
            channel="mail",
            subject="s",
            message_id=uuid4(),
            body_html="h",
            body_text="t",
            requester_email=address,
            team_id=uuid4(),
            opened_by="user:u",
        )
        return record(self.envelope(event), event.model_dump_json().encode())

    def other(self, type_: str, value: bytes | None) -> Record:
        event = TicketTaggedV1(at=self.at, ticket_id=self.id, tags=())
        return record(self.envelope(event, type=type_), value)


_offsets = iter(range(1, 10_000_000))


def record(envelope: Envelope, value: bytes | None) -> Record:
    """One record at the next offset."""
    return Record(value, envelope.to_headers(), next(_offsets))


@dataclass
class Behaviour:
    """What the handler is to do, by the tag of the event."""

    on: dict[str, Callable[[], Awaitable[None] | None]] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    facts: list[Fact[Any]] = field(default_factory=list)
    broken: bool = True


def consumer(behaviour: Behaviour, *, ordered: bool = True) -> Consumer:
    """Tags `permanent` and `transient` fail as long as the behaviour is broken."""
    made = Consumer(NAME, [TOPIC], ordered=ordered)

    @made.on(TicketTaggedV1)
    async def when_ticket_tagged(work: Work, fact: Fact[TicketTaggedV1]) -> None:
        behaviour.calls.append(fact.version)
        behaviour.facts.append(fact)
        tag = fact.event.tags[0]
        await work.connection.execute(
            "insert into seen (consumer, stream_id, version, what) values ($1, $2, $3, $4)",
            NAME,
            fact.stream_id,
            fact.version,
            tag,
        )
        if tag == "effect":
            await plan_effect(work, f"mail:{fact.event_id}", "mail", {"n": 1})
        if tag in behaviour.on and (waiting := behaviour.on[tag]()) is not None:
            await waiting
        if behaviour.broken and tag == "permanent":
            raise Permanent("cannot_ever")
        if behaviour.broken and tag == "transient":
            raise RuntimeError("somebody@example.com")

    @made.on(TicketOpenedV1)
    async def when_ticket_opened(work: Work, fact: Fact[TicketOpenedV1]) -> None:
        behaviour.facts.append(fact)

    return made


async def seen(database: Database, stream: UUID | None = None) -> list[int]:
    """Versions in the order in which they took effect."""
    async with database.reading() as work:
        rows = await work.connection.fetch(
            "select version from seen where $1::uuid is null or stream_id = $1 order by n", stream
        )
    return [row["version"] for row in rows]


async def one(database: Database, sql: str, *arguments: Any) -> Any:
    """One value."""
    async with database.reading() as work:
        return await work.connection.fetchval(sql, *arguments)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


OLD = timedelta(hours=49)
JSON = json.dumps

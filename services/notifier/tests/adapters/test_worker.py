"""The whole notifier as it runs: real Kafka, PostgreSQL and SMTP."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deskstream_chassis.ids import new_id
from deskstream_chassis.process import Parts
from deskstream_events import TOPICS, Envelope, Event, Meta
from deskstream_events.ticketing.ticket import TicketOpenedV1
from deskstream_events.topics import MESSAGES, TICKETS
from deskstream_eventstore import KafkaSettings, create_topics
from notifier.bootstrap import build
from notifier.settings import Settings
from notifier.testing import RealMailServer

COUNT = 60


@pytest.fixture
async def server() -> AsyncIterator[RealMailServer]:
    server = RealMailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def settings(
    dsn: str, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path, server: RealMailServer
) -> Settings:
    return Settings(
        database_dsn=dsn,
        kafka_bootstrap=kafka_bootstrap,
        topic_prefix=topic_prefix,
        bucket_url=tmp_path.as_uri(),
        subject_key=secrets.token_hex(32),
        plus_token_key=secrets.token_hex(32),
        mail_token_key=secrets.token_hex(32),
        mail_domain="shop.test",
        mail_from="support@shop.test",
        public_url="https://desk.shop.test",
        smtp_port=server.port,
        api_port=0,
        ops_port=0,
    )


def opened(number: int) -> TicketOpenedV1:
    return TicketOpenedV1(
        at=datetime.now(UTC),
        ticket_id=uuid4(),
        number=number,
        channel="api",
        subject=f"Sentence {number}",
        message_id=uuid4(),
        body_html="<p>x</p>",
        body_text="x",
        requester_email=f"row-{number}@demo.test",
        team_id=uuid4(),
        opened_by="key:k1",
    )


def enveloped(event: Event, stream_id: UUID, number: int) -> list[tuple[str, bytes]]:
    return Envelope(
        event_id=new_id(),
        type=event.TYPE,
        source="ticketing",
        stream_id=stream_id,
        version=1,
        position=number,
        at=event.at,
        meta=Meta("key:k1", f"corr-{number}"),
        relay_epoch=1,
    ).to_headers()


async def publish(settings: Settings, events: list[TicketOpenedV1], *, times: int = 1) -> None:
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap) as producer:
        for number, event in enumerate(events, 1):
            headers = enveloped(event, event.ticket_id, number)
            for _ in range(times):
                await producer.send(
                    TICKETS.named(settings.topic_prefix),
                    event.model_dump_json().encode(),
                    key=str(event.ticket_id).encode(),
                    headers=headers,
                )
        await producer.flush()


async def running(parts: Parts, stopping: asyncio.Event) -> None:
    await asyncio.gather(*(worker.run(stopping) for worker in parts.workers))


async def test_every_new_ticket_is_acknowledged_once_and_the_topic_says_so(
    settings: Settings, server: RealMailServer
) -> None:
    kafka = KafkaSettings(settings.kafka_bootstrap, settings.topic_prefix)
    await create_topics(kafka, TOPICS)
    events = [opened(number) for number in range(1, COUNT + 1)]
    stopping = asyncio.Event()
    async with build(settings) as parts:
        work = asyncio.create_task(running(parts, stopping))
        try:
            await publish(settings, events, times=2)
            facts = await message_facts(settings, 2 * COUNT)
        finally:
            stopping.set()
            await work
    assert sorted(one.recipients for one in server.received) == sorted(
        (event.requester_email,) for event in events
    )
    assert server.connections <= settings.smtp_connections
    correlations = {str(one.message["X-Deskstream-Correlation"]) for one in server.received}
    assert correlations == {f"corr-{number}" for number in range(1, COUNT + 1)}
    kinds = [fact["type"].split(".")[2] for fact in facts]
    assert (kinds.count("queued"), kinds.count("sent")) == (COUNT, COUNT)
    by_ticket = {fact["data"]["ticket_id"]: fact["data"]["mail_id"] for fact in facts}
    assert by_ticket == {
        str(events[int(one.recipients[0][4:].split("@")[0]) - 1].ticket_id): str(
            one.message["Message-ID"]
        ).strip("<>")
        for one in server.received
    }


async def message_facts(settings: Settings, count: int) -> list[dict[str, Any]]:
    """So many events from the notifier's topic."""
    consumer = AIOKafkaConsumer(
        MESSAGES.named(settings.topic_prefix),
        bootstrap_servers=settings.kafka_bootstrap,
        auto_offset_reset="earliest",
        group_id=None,
    )
    found: list[dict[str, Any]] = []
    async with consumer, asyncio.timeout(60):
        while len(found) < count:
            record = await consumer.getone()
            envelope = Envelope.from_headers(record.headers)
            found.append({"type": envelope.type, "data": json.loads(record.value)})
    return found

"""The service as its bootstrap builds it, on real PostgreSQL and real Kafka."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deskstream_chassis.clock import SystemClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.plus_token import PlusTokens
from deskstream_chassis.process import Parts
from deskstream_events import TOPICS, Envelope, Event, Meta, topics
from deskstream_events.gateway import user
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.notifier import message
from deskstream_eventstore import KafkaSettings
from deskstream_eventstore.topics_admin import create_topics
from ticketing.application.open_ticket import OpenTicket
from ticketing.application.ports import RawBody
from ticketing.application.reply_to_ticket import ReplyToTicket
from ticketing.bootstrap import build, build_app
from ticketing.infra.files import BucketFiles
from ticketing.infra.mailroom import Mailboxes
from ticketing.settings import Settings
from ticketing.testing import SUPPORT, actor_of, caller_of, person

AGENT = person(1)


@pytest.fixture
async def kafka(kafka_bootstrap: str, topic_prefix: str) -> KafkaSettings:
    """Topics of our own."""
    settings = KafkaSettings(kafka_bootstrap, topic_prefix)
    await create_topics(settings, TOPICS)
    return settings


@pytest.fixture
def settings(dsn: str, kafka: KafkaSettings, tmp_path: Path) -> Settings:
    return Settings(
        profile="test",
        database_dsn=dsn,
        kafka_bootstrap=kafka.bootstrap,
        topic_prefix=kafka.prefix,
        bucket_url=f"file://{tmp_path}/bucket",
        subject_key=secrets.token_hex(32),
        plus_token_key=secrets.token_hex(32),
        undo_seconds=0.2,
    )


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Parts]:
    """All workers, stopped in order."""
    stopping = asyncio.Event()
    async with build(settings) as parts:
        tasks = [asyncio.create_task(worker.run(stopping)) for worker in parts.workers]
        yield parts
        stopping.set()
        await asyncio.gather(*tasks)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(45):
        while not await holds():
            await asyncio.sleep(0.05)


async def publish(kafka: KafkaSettings, topic: str, *events: Event) -> None:
    """As another service's relay does; all events are one stream's, from version 1."""
    stream = uuid4()
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
        for version, event in enumerate(events, 1):
            envelope = Envelope(
                event_id=uuid4(),
                type=event.TYPE,
                source="test",
                stream_id=stream,
                version=version,
                position=version,
                at=event.at,
                meta=Meta(actor="system:test", correlation_id="c" * 12),
                relay_epoch=1,
            )
            await producer.send_and_wait(
                kafka.prefix + topic,
                event.model_dump_json().encode(),
                key=str(stream).encode(),
                headers=envelope.to_headers(),
            )


def approval() -> tuple[Event, ...]:
    now = datetime.now(UTC)
    return (
        user.UserRegisteredV1(user_id=AGENT.id, at=now, email=AGENT.email, name=AGENT.name),
        user.UserApprovedV1(user_id=AGENT.id, at=now, role="agent", teams=(SUPPORT.id,)),
    )


def outcome(ticket_id: UUID, reply_id: UUID) -> tuple[Event, ...]:
    about = {
        "message_id": uuid4(),
        "kind": "reply",
        "ticket_id": ticket_id,
        "reply_id": reply_id,
        "at": datetime.now(UTC),
        "mail_id": "m@desk.test",
    }
    return (
        message.MessageQueuedV1(**about, to=("cora@customer.test",)),
        message.MessageSentV1(**about, attempts=1),
    )


OPENING = OpenTicket(
    "A drum leaks",
    RawBody(text="It leaks"),
    "Cora",
    "cora@customer.test",
    (),
    SUPPORT_TEAM_ID,
    "normal",
    (),
    AGENT.email,
)


async def types_on(kafka: KafkaSettings, count: int) -> list[str]:
    """The types of the first records on the topic of tickets."""
    consumer = AIOKafkaConsumer(
        kafka.prefix + topics.TICKETS.name,
        bootstrap_servers=kafka.bootstrap,
        auto_offset_reset="earliest",
    )
    async with consumer, asyncio.timeout(30):
        records = [await anext(consumer) for _ in range(count)]
    return [dict(record.headers)["ce_type"].decode().split(".")[2] for record in records]


async def test_from_an_approved_agent_to_a_reply_that_is_shown_as_sent(
    settings: Settings, kafka: KafkaSettings
):
    async with running(settings) as parts:
        database = parts.database
        files = BucketFiles(Bucket.at(settings.bucket_url, "ticketing"))
        mailroom = Mailboxes(PlusTokens(b"p" * 32), {})
        app = build_app(database, files, SystemClock(), settings.undo, mailroom)
        await publish(kafka, topics.USERS.name, *approval())

        async def known() -> bool:
            async with database.work() as work:
                return bool(await work.connection.fetchval("select active from person"))

        await eventually(known)
        caller = caller_of(actor_of(AGENT))
        ticket = await app.open_ticket(OPENING, caller)
        reply = await app.reply_to_ticket(ReplyToTicket(ticket.id, RawBody(text="Yes")), caller)

        async def shows(state: str) -> bool:
            shown = await app.show_reply(ticket.id, reply.reply_id, caller.actor)
            return shown.state == state

        await eventually(lambda: shows("released"))
        await publish(kafka, topics.MESSAGES.name, *outcome(ticket.id, reply.reply_id))
        await eventually(lambda: shows("sent"))
        assert await types_on(kafka, 6) == [
            "opened",
            "assigned",
            "status_changed",
            "reply_queued",
            "reply_released",
            "reply_sent",
        ]

"""The notifier put together on a real database, with a fake mail server and a clock of its own."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.files import Bucket
from deskstream_chassis.ids import new_id
from deskstream_chassis.plus_token import PlusTokens
from deskstream_chassis.sealed import MAIL_LINK, Sealer
from deskstream_chassis.settings import key_bytes
from deskstream_events import Event, Meta, topic_of
from deskstream_eventstore import Database, Dispatcher, Fact, Recorded
from notifier.application.app import NotifierApp
from notifier.bootstrap import build_app
from notifier.interface.kafka.consumers import build_consumer
from notifier.settings import Settings
from notifier.testing import FakeMailServer

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@dataclass
class Desk:
    """Tell it facts, let it work, look at what was mailed and recorded."""

    database: Database
    app: NotifierApp
    server: FakeMailServer
    clock: FixedClock
    settings: Settings
    correlation: str = "corr-1"
    _versions: dict[UUID, int] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def tell(self, stream_id: UUID, *events: Event, republished: bool = False) -> list[UUID]:
        """Each event as the consumer's handler gets it; returns their ids."""
        ids = []
        for event in events:
            version = self._versions.get(stream_id, 0) + 1
            self._versions[stream_id] = version
            fact_id = new_id()
            ids.append(fact_id)
            await self.deliver(stream_id, event, fact_id, version, republished=republished)
        return ids

    async def deliver(
        self,
        stream_id: UUID,
        event: Event,
        event_id: UUID,
        version: int = 1,
        *,
        republished: bool = False,
    ) -> None:
        old = (self.now - event.at).total_seconds() > 48 * 3600
        fact = Fact(
            event=event,
            type=event.TYPE,
            stream_id=stream_id,
            version=version,
            event_id=event_id,
            at=event.at,
            meta=Meta("user:someone", self.correlation, traceparent=TRACE),
            topic=topic_of(event.STREAM_TYPE).name,
            partition=0,
            offset=0,
            republished=republished,
            standing="muted" if republished else "held" if old else "pending",
        )
        handler = build_consumer(self.app).handlers[event.TYPE]
        async with self.database.work() as work:
            await handler(work, fact)

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[Dispatcher]:
        """The dispatcher runs inside the block."""
        stopping = asyncio.Event()
        dispatcher = Dispatcher(
            self.database, self.app.send_mail, self.app.settle_mail, concurrency=8
        )
        task = asyncio.create_task(dispatcher.run(stopping))
        try:
            yield dispatcher
        finally:
            stopping.set()
            await task

    async def work_off(self) -> None:
        """Until nothing is pending."""
        await self.until(self._idle)

    async def until(self, holds: Callable[[], Any]) -> None:
        """Run the dispatcher until a condition holds."""
        async with self.dispatching(), asyncio.timeout(20):
            while not await holds():
                await asyncio.sleep(0.01)

    async def _idle(self) -> bool:
        return not any(status in ("pending", "sending") for status in await self.ledger())

    async def ledger(self) -> list[str]:
        """Statuses of the effects, in the order of their planning."""
        rows = await self.rows("select status from side_effect order by created_at, key")
        return [row["status"] for row in rows]

    async def rows(self, sql: str) -> list[Any]:
        async with self.database.reading() as work:
            return list(await work.connection.fetch(sql))

    async def recorded(self) -> list[Recorded]:
        """All events of messages, in order."""
        rows = await self.rows("select distinct stream_id from events")
        found: list[Recorded] = []
        async with self.database.reading() as work:
            for row in rows:
                found += await work.load(row["stream_id"])
        return sorted(found, key=lambda one: one.position)

    async def facts(self) -> list[str]:
        """Short names of the events: `queued`, `sent` …"""
        return [one.event.TYPE.split(".")[2] for one in await self.recorded()]

    def mails(self) -> list[EmailMessage]:
        found = []
        for mail in self.server.accepted:
            message = message_from_bytes(mail.content, policy=default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found

    def bucket(self) -> Bucket:
        return Bucket.at(self.settings.bucket_url, "ticketing")

    def sealed(self, token: str) -> str:
        return Sealer(key_bytes(self.settings.mail_token_key), MAIL_LINK).seal(token)

    def ticket_of(self, address: str) -> UUID | None:
        return PlusTokens(key_bytes(self.settings.plus_token_key)).find(address)

    async def everything_stored(self) -> str:
        """All rows of all tables as text."""
        tables = await self.rows(
            "select tablename from pg_tables where schemaname = 'public' order by 1"
        )
        texts = []
        for table in tables:
            name = table["tablename"]
            texts += [str(dict(row)) for row in await self.rows(f'select * from "{name}"')]
        return "\n".join(texts)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        database_dsn="unused",
        bucket_url=(tmp_path / "bucket").as_uri(),
        subject_key=secrets.token_hex(32),
        plus_token_key=secrets.token_hex(32),
        mail_token_key=secrets.token_hex(32),
        mail_domain="shop.test",
        mail_from="support@shop.test",
        public_url="https://desk.shop.test",
    )


@pytest.fixture
async def desk(database: Database, settings: Settings) -> Desk:
    server = FakeMailServer()
    clock = FixedClock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    return Desk(database, build_app(settings, database, server, clock), server, clock, settings)


@pytest.fixture
def new() -> Callable[[], UUID]:
    return uuid4

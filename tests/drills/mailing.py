"""The notifier and its mail server as processes, without the rest of an installation."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from drills.until import until

from deskstream_events import TOPICS, Envelope, Meta
from deskstream_events.ticketing.ticket import TicketOpenedV1
from deskstream_events.topics import TICKETS
from deskstream_eventstore import KafkaSettings, create_topics
from deskstream_eventstore.kafka import producer
from deskstream_tools.local.processes import free_port, port_answers

ANSWER_SECONDS = 2
SECRETS = ("SUBJECT_KEY", "PLUS_TOKEN_KEY", "MAIL_TOKEN_KEY")


@dataclass
class Post:
    """One notifier on a store of its own, and one mailbox."""

    dsn: str
    kafka: KafkaSettings
    folder: Path
    client: httpx.AsyncClient
    smtp: int = field(default_factory=free_port)
    page: int = field(default_factory=free_port)
    ops: int = field(default_factory=free_port)
    numbers: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What the notifier is told."""
        own = {
            "PROFILE": "test",
            "DATABASE_DSN": self.dsn,
            "KAFKA_BOOTSTRAP": self.kafka.bootstrap,
            "TOPIC_PREFIX": self.kafka.prefix,
            "API_PORT": str(free_port()),
            "OPS_PORT": str(self.ops),
            "JWKS_URL": "http://127.0.0.1:9/jwks",
            "BUCKET_URL": f"file://{self.folder / 'files'}",
            "SMTP_PORT": str(self.smtp),
            "SMTP_ANSWER_SECONDS": str(ANSWER_SECONDS),
            "MAIL_DOMAIN": "desk.test",
            "MAIL_FROM": "support@desk.test",
            "PUBLIC_URL": "http://127.0.0.1",
            **{name: hashlib.sha256(name.encode()).hexdigest() for name in SECRETS},
        }
        return {**os.environ, **{f"NOTIFIER_{name}": value for name, value in own.items()}}

    async def run(self, *arguments: str) -> Any:
        """`python -m notifier …` to its end; what it said, where that is JSON."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "notifier", *arguments),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await process.communicate()
        assert process.returncode == 0, (out + error).decode()[-2000:]
        return json.loads(out) if arguments[0] == "ops" else None

    async def faults(self, **faults: Any) -> None:
        """The mail server's misbehaviour from now on."""
        answer = await self.client.put(f"{self._page}/faults", json=faults)
        answer.raise_for_status()

    async def happened(self) -> Mapping[str, int]:
        """How often the faults occurred."""
        found: dict[str, int] = (await self._get("/faults"))["happened"]
        return found

    async def mails(self) -> dict[str, list[str]]:
        """Message-IDs of what the mail server accepted, by recipient."""
        found: dict[str, list[str]] = {}
        for item in (await self._get("/messages"))["items"]:
            found.setdefault(item["to"][0], []).append(item["message_id"])
        return found

    async def statuses(self) -> list[str]:
        """Of all planned mails."""
        connection = await asyncpg.connect(self.dsn)
        try:
            rows = await connection.fetch("select status from side_effect order by status")
        finally:
            await connection.close()
        return [row["status"] for row in rows]

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self.client.get(f"{self._page}{path}")
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body

    @property
    def _page(self) -> str:
        return f"http://127.0.0.1:{self.page}"

    async def ready(self) -> bool:
        """Whether the notifier says so."""
        try:
            answer = await self.client.get(f"http://127.0.0.1:{self.ops}/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async def open_tickets(self, count: int) -> list[str]:
        """Tickets, as the ticketing service would tell of them; whom each is to acknowledge."""
        sender = producer(self.kafka, "drill")
        await sender.start()
        addresses = []
        try:
            for _ in range(count):
                self.numbers += 1
                address, ticket = f"c-{uuid4().hex[:8]}@customers.test", uuid4()
                event = opened(ticket, self.numbers, address)
                headers = enveloped(ticket, event).to_headers()
                topic, value = TICKETS.named(self.kafka.prefix), event.model_dump_json().encode()
                await sender.send_and_wait(topic, value, key=ticket.bytes, headers=headers)
                addresses.append(address)
        finally:
            await sender.stop()
        return addresses


def opened(ticket: UUID, number: int, address: str) -> TicketOpenedV1:
    """A ticket by somebody who has an address."""
    return TicketOpenedV1(
        at=datetime.now(UTC),
        ticket_id=ticket,
        number=number,
        channel="api",
        subject="A drum",
        message_id=uuid4(),
        body_html="<p>How much?</p>",
        body_text="How much?",
        requester_email=address,
        team_id=uuid4(),
        opened_by="key:drill",
    )


def enveloped(ticket: UUID, event: TicketOpenedV1) -> Envelope:
    """The first event of its stream."""
    return Envelope(
        event_id=uuid4(),
        type=event.TYPE,
        source="ticketing",
        stream_id=ticket,
        version=1,
        position=event.number,
        at=event.at,
        meta=Meta("key:drill", f"c-{event.number}"),
        relay_epoch=1,
    )


@asynccontextmanager
async def process(log: Path, environment: Mapping[str, str], *arguments: str) -> AsyncIterator[Any]:
    """`python -m …` for the block."""
    with log.open("ab") as out:
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments), env=environment, stdout=out, stderr=out
        )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.terminate()
        await asyncio.wait_for(made.wait(), 40)


@asynccontextmanager
async def posting(dsn: str, bootstrap: str, folder: Path) -> AsyncIterator[Post]:
    """Both processes, ready, for the block."""
    async with AsyncExitStack() as kept:
        client = await kept.enter_async_context(httpx.AsyncClient(timeout=10, trust_env=False))
        post = Post(dsn, KafkaSettings(bootstrap, f"d{uuid4().hex[:10]}."), folder, client)
        mailbox = (
            *("deskstream_tools.mailbox", "--folder", str(folder / "mail")),
            *("--smtp-port", str(post.smtp), "--page-port", str(post.page)),
        )
        await kept.enter_async_context(process(folder / "mailbox.log", os.environ, *mailbox))
        await asyncio.gather(post.run("migrate"), create_topics(post.kafka, TOPICS))
        await until(lambda: port_answers(post.smtp) and port_answers(post.page), "the mailbox")
        log = folder / "notifier.log"
        await kept.enter_async_context(process(log, post.environment, "notifier", "all"))
        await until(post.ready, "the notifier to be ready")
        yield post

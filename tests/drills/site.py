"""A whole installation that may be hurt, its clients, and the reckoning afterwards."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
from drills.balancer import Balancer
from drills.until import until

from deskstream_tools.cli.demonstrating import target_of
from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import Mailbox
from deskstream_tools.demo.oracle import last_position, published_since, stored_since
from deskstream_tools.demo.target import Target
from deskstream_tools.local.stack import PARTS, Stack
from deskstream_tools.testing import stack_settings

LONGEST_COMMAND = 90.0
"""Seconds for which a client repeats a command under its key before he gives up."""
BEFORE_TRYING_AGAIN = 0.2
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Promise:
    """A ticket that was acknowledged, whom its mail is for, and how often it was asked for."""

    ticket: UUID
    address: str
    tries: int
    seconds: float


@dataclass
class Book:
    """The client's own ledger."""

    promises: list[Promise] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    """What the tries in between were answered."""


@dataclass(frozen=True)
class Mark:
    """Where the installation stood before a drill."""

    position: int
    held: int


@dataclass(frozen=True)
class Reckoning:
    """What became of the promised tickets."""

    promised: int
    lost: int
    """Not in the store, or not on the topic."""
    doubled: int
    """Opened twice in the store."""
    mails: int
    twice: int
    """Tickets of more than one mail."""
    held: int
    silent: int
    """Tickets without a mail."""

    @property
    def whole(self) -> bool:
        """Nothing lost, nothing twice; what was not mailed is held for a person."""
        return not (self.lost or self.doubled or self.twice) and self.silent <= self.held

    def __str__(self) -> str:
        return (
            f"{self.promised} acknowledged, {self.lost} lost, {self.doubled} doubled, "
            f"{self.mails} mails, {self.twice} twice, {self.held} held"
        )


@dataclass
class Site:
    """The installation, one client with a key, and where things are."""

    stack: Stack
    target: Target
    balancer: Balancer
    client: httpx.AsyncClient
    session: Session

    async def open_ticket(self, book: Book) -> None:
        """One ticket, asked for under one key until it is acknowledged."""
        number = next(_numbers)
        address = f"d{number}@customers.test"
        body = {
            "subject": f"Drill {number}",
            "body_text": "How much is a drum?",
            "requester": {"email": address},
        }
        headers = {"Idempotency-Key": str(uuid4())}
        began = time.monotonic()
        for tries in itertools.count(1):
            try:
                answer = await self.session.send("POST", "/api/tickets", json=body, headers=headers)
                if answer.status_code == 201:
                    seconds = time.monotonic() - began
                    promise = Promise(UUID(answer.json()["id"]), address, tries, seconds)
                    book.promises.append(promise)
                    return
                said = f"{answer.status_code} {answer.json().get('code')}"
            except httpx.TransportError as lost:
                said = type(lost).__name__
            book.refusals[said] += 1
            if time.monotonic() - began > LONGEST_COMMAND:
                book.given_up.append(said)
                return
            await asyncio.sleep(BEFORE_TRYING_AGAIN)

    @asynccontextmanager
    async def load(self, clients: int = 5) -> AsyncIterator[Book]:
        """So many clients who open tickets one after the other, until the block ends.

        Raises RuntimeError where a part does not serve before, as an earlier drill left it."""
        for part in PARTS:
            await asyncio.to_thread(self.stack.wait, part)
        book, stopping = Book(), asyncio.Event()

        async def work() -> None:
            while not stopping.is_set():
                await self.open_ticket(book)
                await asyncio.sleep(0.05)

        tasks = [asyncio.create_task(work()) for _ in range(clients)]
        try:
            yield book
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    async def mark(self) -> Mark:
        """For `reckon`, before the load."""
        position = await last_position(self.target.ticketing_dsn)
        return Mark(position, await self._effects("held"))

    async def reckon(self, book: Book, before: Mark, seconds: float = 60.0) -> Reckoning:
        """Wait until every promised ticket's mail is sent or held, then count."""
        wanted = len(book.promises)
        addresses = {promise.address for promise in book.promises}

        async def held() -> int:
            return await self._effects("held") - before.held

        async def settled() -> bool:
            known = len(await self._mailed(addresses))
            unsettled = await self._effects("pending", "sending")
            return not unsettled and known + await held() >= wanted

        await until(settled, "every mail to be sent or held", seconds)

        async def all_published() -> bool:
            found = await self._published(before.position)
            return all(found[promise.ticket] for promise in book.promises)

        await until(all_published, "every ticket to be published", seconds)
        stored = await stored_since(self.target.ticketing_dsn, before.position)
        published = await self._published(before.position)
        mailed = await self._mailed(addresses)
        tickets = {promise.ticket for promise in book.promises}
        return Reckoning(
            promised=wanted,
            lost=sum(1 for ticket in tickets if not (stored[ticket] and published[ticket])),
            doubled=sum(1 for n in stored.values() if n > 1) + wanted - len(tickets),
            mails=mailed.total(),
            twice=sum(1 for n in mailed.values() if n > 1),
            held=await held(),
            silent=wanted - len(mailed),
        )

    async def _published(self, before: int) -> Counter[UUID]:
        target = self.target
        return await published_since(target.kafka_bootstrap, target.topic_prefix, before)

    async def _mailed(self, addresses: set[str]) -> Counter[str]:
        listed = await Mailbox(self.target, self.client).listed()
        return Counter(to for item in listed for to in item["to"] if to in addresses)

    async def _effects(self, *statuses: str) -> int:
        connection = await asyncpg.connect(self.stack.dsn("notifier"))
        try:
            sql = "select count(*) from side_effect where status = any($1)"
            return int(await connection.fetchval(sql, list(statuses)))
        finally:
            await connection.close()

    def pids(self, *parts: str) -> dict[str, int]:
        """Who runs now."""
        return {part: self.stack.pid(part) for part in parts}


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Site]:
    """An installation of its own with a balancer before ticketing, up for the block."""
    folder.chmod(0o711)
    settings = stack_settings(folder)
    (settings.data / "traces").mkdir(parents=True)
    balancer = Balancer(settings.ports["ticketing-api"])
    async with balancer.kept() as port:
        settings.environment["gateway"]["UPSTREAM_TICKETING"] = f"http://127.0.0.1:{port}"  # type: ignore[index]
        stack = Stack(settings)
        await asyncio.to_thread(stack.up)
        try:
            async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
                target = target_of(stack)
                admin = Session(target, client, address="203.0.113.1")
                await admin.sign_in(target.admin_email, target.admin_password)
                asked = {"name": "drill", "scopes": ["tickets:create"], "rate_per_minute": 6000}
                key = await admin.json("POST", "/api/keys", 201, json=asked)
                session = Session(target, client, key["secret"], address="203.0.113.2")
                yield Site(stack, target, balancer, client, session)
        finally:
            await asyncio.to_thread(stack.down)

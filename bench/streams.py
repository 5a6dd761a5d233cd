"""B9: from a commit to a thousand event streams at one gateway process.

Events are appended to a store of tickets and relayed by the parent, where the clients are too; the
gateway's api and worker are processes of their own. All read one monotonic clock.
"""

import asyncio
import json
import os
import secrets
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import psutil

from bench.gateway import READY_SECONDS, SECRETS, command, cpu, ready
from bench.harness import Result
from deskstream_events.gateway.team import TeamCreatedV1
from deskstream_events.ticketing.ticket import TicketOpenedV1, TicketTaggedV1
from deskstream_events.topics import TOPICS, owned_by
from deskstream_eventstore import (
    Database,
    KafkaSettings,
    Origin,
    Relay,
    SubjectHasher,
    create_topics,
)
from deskstream_tools.listening import Listener
from deskstream_tools.local.processes import free_port
from deskstream_tools.seats import seat
from gateway.infra.signing_keys import write_signing_keys

TEAMS = 10
"""Each client is in one of them, each event of one: he may see one in ten."""
PEOPLE, WINDOWS = 100, 10
RATE, SECONDS, WARMING = 50.0, 20.0, 3.0
ORIGIN = Origin(actor="system:bench", correlation_id="b9")
SUBJECTS = SubjectHasher(b"b" * 32)
PATIENCE = 120.0
DATABASE_CONNECTIONS = 10


@dataclass
class Crowd:
    """The clients, and when each heard of each event."""

    listeners: list[Listener] = field(default_factory=list)
    heard: list[tuple[str, int, float]] = field(default_factory=list)
    """Ticket, version, seconds."""

    async def sit_down(self, port: int, tokens: list[str]) -> None:
        """One more stream for each token, past the greeting."""
        for token in tokens:
            listener = await Listener.open(port, {"Cookie": f"__Host-sid={token}"})
            if listener.status != 200:
                raise RuntimeError(f"a stream was answered {listener.status}")
            await listener.block()
            self.listeners.append(listener)

    async def listen(self) -> None:
        """Until all streams end."""
        await asyncio.gather(*(self._listen(listener) for listener in self.listeners))

    async def _listen(self, listener: Listener) -> None:
        try:
            while True:
                told = (await listener.event()).data
                self.heard.append((told.get("id", ""), told.get("version", 0), time.monotonic()))
        except EOFError:
            return


@dataclass
class Tickets:
    """One ticket a team, changed in turn."""

    database: Database
    teams: list[UUID]
    tickets: list[UUID] = field(default_factory=list)
    version: int = 0
    committed: dict[tuple[str, int], float] = field(default_factory=dict)

    async def open(self) -> None:
        """Every team's, which nobody measures."""
        for number, team in enumerate(self.teams, 1):
            ticket, at = uuid4(), datetime.now(UTC)
            opened = TicketOpenedV1(
                at=at,
                ticket_id=ticket,
                number=number,
                channel="api",
                subject="s",
                message_id=uuid4(),
                body_html="h",
                body_text="t",
                team_id=team,
                opened_by="key:bench",
            )
            async with self.database.work(ORIGIN) as work:
                work.append(TicketOpenedV1.STREAM_TYPE, ticket, 0, [opened])
            self.tickets.append(ticket)

    async def change(self, count: int) -> None:
        """So many events at the rate, whether or not earlier ones have arrived."""
        began = time.monotonic()
        for n in range(count):
            await asyncio.sleep(max(0.0, began + n / RATE - time.monotonic()))
            if n % TEAMS == 0:
                self.version += 1
            ticket = self.tickets[n % TEAMS]
            tagged = TicketTaggedV1(at=datetime.now(UTC), ticket_id=ticket, tags=("x",))
            async with self.database.work(ORIGIN) as work:
                work.append(TicketTaggedV1.STREAM_TYPE, ticket, self.version, [tagged])
            self.committed[str(ticket), self.version + 1] = time.monotonic()


async def streams(dsn: str, store: str, bootstrap: str, folder: Path) -> Result:
    """B9. `dsn`: an empty database for the gateway, `store`: one for tickets and teams."""
    kafka = KafkaSettings(bootstrap, "b9.")
    await create_topics(kafka, TOPICS)
    teams = [uuid4() for _ in range(TEAMS)]
    database = await Database.connect(store, size=4, name="bench", subjects=SUBJECTS)
    stopping = asyncio.Event()
    topics = owned_by("ticketing")
    relay = asyncio.create_task(Relay(database, kafka, "ticketing", topics).run(stopping))
    try:
        async with serving(folder / "b9", dsn, kafka) as (port, pid):
            await _found(dsn, teams)
            tickets = Tickets(database, teams)
            await tickets.open()
            return await _measured(dsn, tickets, port, pid)
    finally:
        stopping.set()
        await relay
        await database.close()


async def _measured(dsn: str, tickets: Tickets, port: int, pid: int) -> Result:
    wanted = [[tickets.teams[n % TEAMS]] for n in range(PEOPLE)]
    tokens = await seat(dsn, wanted, WINDOWS)
    crowd, process = Crowd(), psutil.Process(pid)
    await crowd.sit_down(port, tokens[0][:1])
    before = process.memory_info().rss
    await crowd.sit_down(port, [token for his in tokens for token in his][1:])
    listening = asyncio.create_task(crowd.listen())
    await tickets.change(int(RATE * WARMING))
    await _all_heard(crowd, tickets)
    tickets.committed.clear()
    used, began = cpu(pid), time.monotonic()
    await tickets.change(int(RATE * SECONDS))
    await _all_heard(crowd, tickets)
    spent, lasted = cpu(pid) - used, time.monotonic() - began
    each = (process.memory_info().rss - before) / len(crowd.listeners) / 1024
    taken = [
        (at - tickets.committed[ticket, version]) * 1000
        for ticket, version, at in crowd.heard
        if (ticket, version) in tickets.committed
    ]
    for listener in crowd.listeners:
        listener.leave()
    await listening
    p50, p95, p99 = (statistics.quantiles(taken, n=100)[n - 1] for n in (50, 95, 99))
    note = (
        f"{len(crowd.listeners)} streams, {RATE:.0f} events/s, {len(taken)} deliveries, none lost; "
        f"median {p50:.0f} ms, p95 {p95:.0f} ms; {each:.0f} KiB of memory a client; "
        f"{spent / len(taken) * 1e6:.0f} µs CPU a delivery, {spent / lasted * 100:.0f} % of a core"
    )
    return Result("B9", round(p99, 1), "ms", "<= 250", [p50, p95, p99], note)


async def _all_heard(crowd: Crowd, tickets: Tickets) -> None:
    """Everybody has heard what he may see: nothing lost, nothing twice. Raises TimeoutError."""
    share = len(crowd.listeners) // TEAMS
    async with asyncio.timeout(PATIENCE):
        while True:
            found = sum(
                (ticket, version) in tickets.committed for ticket, version, _ in crowd.heard
            )
            if found >= len(tickets.committed) * share:
                break
            await asyncio.sleep(0.05)
    if found > len(tickets.committed) * share:
        raise RuntimeError("an event was told twice, or to somebody who may not know of it")


async def _found(dsn: str, teams: list[UUID]) -> None:
    """The teams, in the gateway's own store."""
    database = await Database.connect(dsn, size=1, name="bench", subjects=SUBJECTS)
    try:
        for team in teams:
            created = TeamCreatedV1(at=datetime.now(UTC), team_id=team, title="T", restricted=False)
            async with database.work(ORIGIN) as work:
                work.append(TeamCreatedV1.STREAM_TYPE, team, 0, [created])
    finally:
        await database.close()


@asynccontextmanager
async def serving(folder: Path, dsn: str, kafka: KafkaSettings) -> AsyncIterator[tuple[int, int]]:
    """`python -m gateway api` and `worker`; the port and the pid of the first."""
    folder.mkdir()
    write_signing_keys(folder / "keys.json")
    api = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "GATEWAY_PROFILE": "test",
        "GATEWAY_DATABASE_DSN": dsn,
        "GATEWAY_DATABASE_SIZE": str(DATABASE_CONNECTIONS),
        "GATEWAY_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "GATEWAY_TOPIC_PREFIX": kafka.prefix,
        "GATEWAY_API_PORT": str(api),
        "GATEWAY_SIGNING_KEYS_FILE": str(folder / "keys.json"),
        "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{api}",
        **{f"GATEWAY_{name}": secrets.token_hex(32) for name in SECRETS},
        "GATEWAY_WEBHOOK_SECRETS": json.dumps({"3cx": [secrets.token_hex(32)]}),
    }
    await command(environment, "migrate")
    with (folder / "log").open("wb") as log:
        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", role),
                env={**environment, "GATEWAY_OPS_PORT": str(free_port())},
                stdout=log,
                stderr=log,
            )
            for role in ("api", "worker")
        ]
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await ready(api):
                if any(process.returncode is not None for process in processes):
                    raise RuntimeError((folder / "log").read_text()[-2000:])
                await asyncio.sleep(0.1)
        yield api, processes[0].pid
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

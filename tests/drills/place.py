"""A store and its topic, fresh, with a client that appends and relays as processes."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from drills.acting import Actor, acting
from drills.facts import TOPIC
from drills.ledger import Client, Verdict, judge
from drills.until import until

from deskstream_eventstore import Database, KafkaSettings, SubjectHasher, create_topics
from deskstream_eventstore.testing import KEY


@dataclass(frozen=True)
class Place:
    """Where a drill happens."""

    dsn: str
    kafka: KafkaSettings
    client: Client

    @property
    def database(self) -> Database:
        """The client's pool."""
        return self.client.database

    def relaying(
        self,
        *points: str,
        kind: str = "Ours",
        ttl: float = 2.0,
        waits: bool = False,
        **more: Any,
    ) -> AbstractAsyncContextManager[Actor]:
        """A relay process that stands still at these points. Short lease: drills are short too."""
        where = {
            "dsn": self.dsn,
            "bootstrap": self.kafka.bootstrap,
            "prefix": self.kafka.prefix,
            **more,
        }
        return acting("relay", points=points, kind=kind, ttl=ttl, waits=waits, **where)

    def writing(self) -> AbstractAsyncContextManager[Actor]:
        """A writer process whose transaction the drill leads."""
        return acting("writer", dsn=self.dsn)

    async def checkpoint(self) -> int:
        """Up to where the relay has published."""
        found = await self.database.pool.fetchval("select max(position) from relay_checkpoint")
        return int(found or 0)

    async def end(self) -> int:
        """The last committed position."""
        found = await self.database.pool.fetchval("select max(position) from events")
        return int(found or 0)

    async def all_published(self, seconds: float = 30.0) -> None:
        """Wait until the checkpoint is at the end of the store."""

        async def caught_up() -> bool:
            return await self.checkpoint() >= await self.end()

        await until(caught_up, "the relay to catch up", seconds)

    async def verdict(self, *, held: Collection[UUID] = ()) -> Verdict:
        """The oracle's, now."""
        return await judge(self.database, self.kafka, self.client.ledger, held=held)


@asynccontextmanager
async def place(dsn: str, bootstrap: str, *, topic: bool = True) -> AsyncIterator[Place]:
    """On a store that `dsn` names; its topic is created unless the drill wants it missing."""
    kafka = KafkaSettings(bootstrap, f"d{uuid4().hex[:10]}.")
    if topic:
        await create_topics(kafka, [TOPIC])
    database = await Database.connect(
        dsn, size=12, name="drill-client", subjects=SubjectHasher(KEY)
    )
    try:
        yield Place(dsn, kafka, Client(database))
    finally:
        await database.close()

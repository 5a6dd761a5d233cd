"""Real PostgreSQL (durable) and Kafka for one run of benchmarks, in a folder of its own."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from deskstream_eventstore.testing import create_store
from deskstream_tools.local.databases import Databases
from deskstream_tools.local.kafka import KafkaServer
from deskstream_tools.local.postgres import PostgresServer
from deskstream_tools.local.processes import free_port


class Servers:
    """A context: both servers run inside, and are removed at its end."""

    user = "postgres"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = {"max_connections": "200"}
        self._postgres = PostgresServer(folder / "postgres", settings=settings)
        self._kafka = KafkaServer(folder / "kafka", free_port(), free_port())
        self._count = 0

    def __enter__(self) -> Self:
        self._postgres.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._postgres.remove()
        self._kafka.remove()

    @property
    def socket_folder(self) -> Path:
        """Where PostgreSQL's socket lies."""
        return self._postgres.sockets

    @property
    def bootstrap(self) -> str:
        """Kafka's address; the broker starts with the first call."""
        self._kafka.start()
        return self._kafka.bootstrap

    async def store(self) -> str:
        """The address of a fresh store."""
        dsn = await self.database()
        await asyncio.to_thread(create_store, dsn)
        return dsn

    async def database(self) -> str:
        """The address of an empty database."""
        self._count += 1
        databases = Databases(self._postgres.dsn())
        return await asyncio.to_thread(databases.create, f"bench_{self._count}")

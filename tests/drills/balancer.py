"""What stands before the instances of a service: new connections go to each in turn."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Balancer:
    """Passes connections on; one that is refused goes to the next instance, as with Kubernetes."""

    def __init__(self, *ports: int) -> None:
        self.ports = list(ports)
        self.passed: Counter[int] = Counter()
        self._turn = 0
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[int]:
        """Stand there for the block; gives the port."""
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await self.cut()

    async def cut(self) -> None:
        """End all connections, so that the next requests are spread anew."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            inner = await self._connect()
            try:
                await asyncio.gather(_pump(reader, inner[1]), _pump(inner[0], writer))
            finally:
                inner[1].close()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            writer.close()
            self._open.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        refusal: OSError = ConnectionRefusedError("no instance")
        for _ in self.ports:
            self._turn += 1
            port = self.ports[self._turn % len(self.ports)]
            try:
                found = await asyncio.open_connection("127.0.0.1", port)
            except OSError as refused:
                refusal = refused
                continue
            self.passed[port] += 1
            return found
        raise refusal


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side ends: an HTTP connection that is half closed is of no use."""
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()

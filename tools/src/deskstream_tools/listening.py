"""A client of event streams, as lean as a thousand of them need it."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Told:
    """One block of the stream: an event, or a heartbeat, which has no data."""

    kind: str
    id: int | None
    data: Any


class Listener:
    """One open stream. What it answered first: `status`, `headers`."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self._reader, self._writer = reader, writer
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        pairs = [line.partition(":") for line in lines]
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self.last: int | None = None
        """The number to resume after."""

    @classmethod
    async def open(
        cls, port: int, headers: Mapping[str, str], target: str = "/api/realtime"
    ) -> "Listener":
        """Connect and read the head of the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=16 * 1024)
        lines = [f"GET {target} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return cls(reader, writer, await reader.readuntil(b"\r\n\r\n"))

    async def block(self) -> Told:
        """The next block. Raises EOFError where the stream ends."""
        kind, number, data = "message", None, None
        while line := await self._line():
            name, _, value = line.partition(": ")
            if name == "id":
                number = self.last = int(value)
            elif name == "event":
                kind = value
            elif name == "data":
                data = json.loads(value)
        return Told(kind, number, data)

    async def event(self) -> Told:
        """The next block that is more than a heartbeat. Raises EOFError."""
        while (told := await self.block()).data is None:
            continue
        return told

    async def rest(self) -> list[Told]:
        """What still comes until the stream ends."""
        found = []
        try:
            while True:
                found.append(await self.event())
        except EOFError:
            return found

    async def _line(self) -> str:
        """A line of the stream, without the frame of chunks around it."""
        while True:
            try:
                line = (await self._reader.readuntil(b"\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                raise EOFError from None
            if not line.endswith("\r\n"):
                return line[:-1]
            if line == "0\r\n":
                raise EOFError

    def leave(self) -> None:
        """Close in peace."""
        self._writer.close()

    def reset(self) -> None:
        """Vanish: the server gets a RST."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._writer.transport.abort()

    def stop_reading(self) -> None:
        """Take nothing more off the wire."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

"""The body of a request: bounded before it is read, and never waited for without end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.types import Message, Receive

from deskstream_chassis.http.problem import Problem

SLOWEST = 1024
"""Bytes per second that a client must send at least."""
PATIENCE = 5.0
"""Seconds that it may fall behind."""
LINGER = 2.0
LINGER_BYTES = 32 * 1024 * 1024
"""How long, and how much of it, a refused body is still taken from the wire."""
AT_ONCE = 64 * 1024
"""Bodies up to this size are read before a service is asked."""


class ClientLeft(Exception):
    """The connection ended before the body did: there is nobody to answer."""


def too_large(limit: int) -> Problem:
    """413 naming the limit in bytes."""
    extra = {"limit": limit}
    return Problem(413, "body_too_large", extra=extra, headers={"Connection": "close"})


def too_slow() -> Problem:
    """408: the body came slower than 1 KiB/s."""
    return Problem(408, "body_too_slow", headers={"Connection": "close"})


class Incoming:
    """What a client still sends. A server that closes while bytes arrive resets the connection, and
    the client never reads why it was refused: so the rest is thrown away first, within bounds."""

    __slots__ = ("_busy", "_receive", "over")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._busy = False
        self.over = False
        """Nothing more can come, or it is not worth waiting for."""

    async def __call__(self) -> Message:
        """The next ASGI message; one call at a time."""
        self._busy = True
        try:
            message = await self._receive()
        except BaseException:
            self.over = True
            raise
        finally:
            self._busy = False
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.over = True
        return message

    async def drain(self) -> None:
        """Read what follows and forget it; gives up after LINGER seconds or LINGER_BYTES."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not (self.over or self._busy or size > LINGER_BYTES):
                    size += len((await self()).get("body", b""))


class BoundedBody:
    """Reads one body. `failure` keeps what stopped it, for whoever was reading it indirectly."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._began = time.monotonic()
        self._size = 0
        self._ended = False
        self.failure: Exception | None = None

    async def message(self) -> Message:
        """The next ASGI message. Raises Problem 413, Problem 408."""
        if self._ended:
            return await self._receive()
        left = self._began + PATIENCE + self._size / SLOWEST - time.monotonic()
        try:
            async with asyncio.timeout(left):
                message = await self._receive()
        except TimeoutError:
            raise self._failed(too_slow()) from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            if self._size > self._limit:
                raise self._failed(too_large(self._limit))
            self._ended = not message.get("more_body", False)
        return message

    def _failed(self, error: Exception) -> Exception:
        self.failure = error
        return error

    async def next(self) -> bytes | None:
        """The next bytes; None at the end. Raises Problem 413 or 408, ClientLeft."""
        if self._ended:
            return None
        message = await self.message()
        if message["type"] == "http.disconnect":
            raise self._failed(ClientLeft())
        body: bytes = message.get("body", b"")
        return body

    async def whole(self) -> bytes:
        """All of it, for whoever must have seen the last byte before trusting the first."""
        read: list[bytes] = []
        while (chunk := await self.next()) is not None:
            read.append(chunk)
        return b"".join(read)

    async def start(self) -> bytes | AsyncIterator[bytes]:
        """The whole of a small body, or the stream of a large one."""
        read: list[bytes] = []
        size = 0
        while (chunk := await self.next()) is not None:
            read.append(chunk)
            size += len(chunk)
            if size > AT_ONCE:
                return self._rest(b"".join(read))
        return b"".join(read)

    async def _rest(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        while (chunk := await self.next()) is not None:
            if chunk:
                yield chunk

"""`GET /api/realtime`: what happens, as an event stream, as far as the caller may see it."""

import asyncio
import re
import time
from urllib.parse import parse_qsl

from starlette.types import Receive

from deskstream_chassis.http.problem import Problem, forbidden
from gateway.application.ports import SessionFacts
from gateway.interface.gate.exchange import Exchange
from gateway.interface.gate.headers import RequestHeaders
from gateway.interface.gate.streams import Stream, Streams

HEARTBEAT = 15.0
RETRY_MS = 2_000
"""How long a browser waits before it connects again."""
_HEAD = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
)
_SEQ = re.compile(r"[0-9]{1,18}")


class Realtime:
    """Answers until the client leaves, is too slow, loses his rights, or the process ends."""

    def __init__(self, streams: Streams, heartbeat: float = HEARTBEAT) -> None:
        self._streams = streams
        self._heartbeat = heartbeat

    async def __call__(self, exchange: Exchange, headers: RequestHeaders, receive: Receive) -> None:
        """Raises Problem 403, 422, 429, 503 before the stream begins."""
        principal = exchange.principal
        if principal is None or not isinstance(principal.facts, SessionFacts):
            raise forbidden()
        since = _since(headers, exchange.scope["query_string"])
        stream, held = await self._streams.open(principal, since)
        watcher = asyncio.create_task(_watch(receive, stream))
        try:
            await exchange.start(200, _HEAD)
            await stream.send(exchange.body(_greeting(stream, held), more=True))
            await self._catch_up(exchange, stream)
            await self._go_on(exchange, stream)
            await stream.send(exchange.body(_farewell(stream)))
        except TimeoutError:
            stream.end("slow")
        finally:
            watcher.cancel()
            self._streams.close(stream)

    async def _catch_up(self, exchange: Exchange, stream: Stream) -> None:
        spoke = time.monotonic()
        while stream.ended is None:
            found = await self._streams.catch_up(stream)
            if found is None:
                return
            if found or time.monotonic() - spoke > self._heartbeat:
                piece = b"".join(found) or _place(stream)
                await stream.send(exchange.body(piece, more=True))
                spoke = time.monotonic()

    async def _go_on(self, exchange: Exchange, stream: Stream) -> None:
        while stream.ended is None:
            try:
                async with asyncio.timeout(self._heartbeat):
                    await stream.wake.wait()
            except TimeoutError:
                await stream.send(exchange.body(_place(stream), more=True))
                continue
            if found := stream.take():
                await stream.send(exchange.body(found, more=True))


def _since(headers: RequestHeaders, query: bytes) -> int | None:
    """`Last-Event-ID` before `since`, which a page puts into the address once. Raises Problem 422
    for anything but a number."""
    text = headers.single.get(b"last-event-id", b"").decode("ascii")
    if not text:
        text = dict(parse_qsl(query.decode("ascii"), max_num_fields=50)).get("since", "")
    if not text:
        return None
    if not _SEQ.fullmatch(text):
        raise Problem(422, "invalid", detail="the number of an event", field="since")
    return int(text)


async def _watch(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    stream.end("left")


def _place(stream: Stream) -> bytes:
    """A heartbeat: no event, but the client knows from where to resume."""
    return b"id: %d\n\n" % stream.position


def _greeting(stream: Stream, held: bool) -> bytes:
    """`reset`: what lies between is forgotten, the page must be loaded again."""
    first = b"retry: %d\n" % RETRY_MS
    if held:
        return first + _place(stream)
    return first + b'event: reset\nid: %d\ndata: {"seq":%d}\n\n' % ((stream.position,) * 2)


def _farewell(stream: Stream) -> bytes:
    return b'event: end\ndata: {"reason":"%s"}\n\n' % str(stream.ended).encode()

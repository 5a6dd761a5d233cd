"""Open event streams of this process: one reader of the feed decides for all of them."""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from contextlib import aclosing, suppress
from typing import Literal

from deskstream_chassis.http.problem import Problem, unavailable
from deskstream_chassis.logs import log, where
from deskstream_chassis.metrics import STREAMS, counter
from gateway.application.desk import Feed
from gateway.application.feed import Entry, Slice, shows
from gateway.application.ports import StoreDown
from gateway.interface.gate.credentials import Credentials, Principal
from gateway.interface.gate.proxy import Ending

PER_PRINCIPAL = 10
"""Streams of one person at once: windows and devices, not people."""
WAITING = 256
"""Entries that may wait for one reader."""
READ = 500
"""Entries taken from the feed in one go."""
RECHECK_SECONDS = 1.0
UNCHECKED_SECONDS = 2.5
"""From how long ago on a look counts no more, where the next one fails. With one that hangs, a
stream of nobody ends in less than five seconds."""
LOOK_SECONDS = 1.0
READ_SECONDS = 5.0
SEND_SECONDS = 20.0

ENDED = counter("realtime_streams_ended_total", "Event streams that ended, by cause.", "reason")

Cause = Literal["left", "slow", "stopping", "rights_changed", "store_unavailable", "reset"]


def encoded(entry: Entry) -> bytes:
    """One event of the stream. Every value is a number, an id or of our own vocabulary."""
    return (
        f'id: {entry.seq}\ndata: {{"seq":{entry.seq},"type":"{entry.type}",'
        f'"id":"{entry.id}","version":{entry.version}}}\n\n'
    ).encode()


class Stream:
    """One client. What he may see waits here until it is sent, a bounded number of entries."""

    __slots__ = ("_sending", "_waiting", "checked", "ended", "position", "principal", "wake")

    def __init__(self, principal: Principal, position: int) -> None:
        self.principal = principal
        self.position = position
        """Up to where all that he may see has been put here."""
        self.checked = time.monotonic()
        self.wake = asyncio.Event()
        self.ended: Cause | None = None
        self._waiting: list[bytes] = []
        self._sending: asyncio.Timeout | None = None

    def put(self, found: list[bytes], position: int) -> None:
        """Let him have these; one who does not read ends."""
        self.position = position
        if not found:
            return
        if len(self._waiting) + len(found) > WAITING:
            self.end("slow")
            return
        self._waiting += found
        self.wake.set()

    def take(self) -> bytes:
        """What waits, as one piece."""
        self.wake.clear()
        found = b"".join(self._waiting)
        self._waiting.clear()
        return found

    def end(self, cause: Cause) -> None:
        """It is over; a piece that is on its way and finds no reader is given up."""
        if self.ended is None:
            self.ended = cause
            self.wake.set()
            if self._sending is not None and cause != "stopping":
                self._sending.reschedule(0.0)

    async def send(self, sending: Awaitable[None]) -> None:
        """Send a piece. Raises TimeoutError where the client does not take it."""
        try:
            async with asyncio.timeout(SEND_SECONDS) as self._sending:
                await sending
        finally:
            self._sending = None


class Streams:
    """All of them. While any is open the feed is tailed, and it is looked after whose they are;
    when the process is told to end all do."""

    def __init__(self, feed: Feed, credentials: Credentials, ending: Ending) -> None:
        self._feed = feed
        self._credentials = credentials
        self._ending = ending
        self._open: dict[Stream, None] = {}
        self._joined: dict[Stream, None] = {}
        self._running: asyncio.Task[None] | None = None
        self._position: int | None = None
        self._fresh = True
        self._recheck = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    async def open(self, principal: Principal, since: int | None) -> tuple[Stream, bool]:
        """A stream from `since` on (None: from now), and whether that is still there; where not it
        begins now. It must be closed, and caught up before anything comes. Raises Problem 429 for
        too many of one principal, 503 where the feed cannot be read."""
        if sum(s.principal.name == principal.name for s in self._open) >= PER_PRINCIPAL:
            raise Problem(429, "too_many_at_once", headers={"Retry-After": "5"})
        stream = Stream(principal, 0)
        self._open[stream] = None
        try:
            state = await self._state(since)
        except BaseException:
            del self._open[stream]
            raise
        STREAMS.set(len(self._open))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        held = since is None or state.holds(since)
        stream.position = state.head if since is None or not held else since
        return stream, held

    async def _state(self, since: int | None) -> Slice:
        if since is None and self._position is not None:
            return Slice((), self._position, 0, True)
        try:
            async with asyncio.timeout(LOOK_SECONDS * 2):
                return await self._feed.after(since, 0)
        except (StoreDown, TimeoutError):
            raise unavailable("store_unavailable") from None

    def close(self, stream: Stream) -> None:
        """The client is gone, or was sent away."""
        self._open.pop(stream, None)
        self._joined.pop(stream, None)
        STREAMS.set(len(self._open))
        ENDED.labels(stream.ended or "left").inc()
        if not self._open and self._running is not None:
            self._running.cancel()
            self._running, self._position = None, None

    async def catch_up(self, stream: Stream) -> list[bytes] | None:
        """The next piece of what came before now; None once he hears all from the tail."""
        if self._position is not None and stream.position >= self._position:
            self._joined[stream] = None
            return None
        if self._position is None or not self._fresh:
            await asyncio.sleep(LOOK_SECONDS / 4 if self._fresh else LOOK_SECONDS)
            return []
        try:
            read = await self._feed.after(stream.position, READ)
        except StoreDown:
            await asyncio.sleep(LOOK_SECONDS)
            return []
        if not read.fresh:
            await asyncio.sleep(LOOK_SECONDS)
            return []
        actor = stream.principal.actor
        stream.position = read.entries[-1].seq if read.entries else read.head
        return [encoded(entry) for entry in read.entries if shows(actor, entry)]

    async def _run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                jobs = [group.create_task(job) for job in (self._tail(), self._look_after())]
                await self._ending.stopping.wait()
                self._end(self._open, "stopping")
                for job in jobs:
                    job.cancel()
        except Exception as error:  # noqa: BLE001 - whoever listens comes again
            log.error("streams fail", error_code=type(error).__name__, where=where(error))
            self._running = None
            self._end(self._open, "store_unavailable")

    def _end(self, streams: Iterable[Stream], cause: Cause) -> None:
        for stream in list(streams):
            stream.end(cause)

    async def _tail(self) -> None:
        async with aclosing(self._feed.wakes()) as wakes:
            async for _ in wakes:
                try:
                    while await self._read():
                        continue
                except (StoreDown, TimeoutError) as error:
                    log.warning("feed cannot be read", error_code=type(error).__name__)

    async def _read(self) -> bool:
        """Whether there may be more at once. Stale facts decide nothing: the streams fall silent
        and go on from here."""
        position = self._position
        async with asyncio.timeout(READ_SECONDS):
            read = await self._feed.after(position or 0, READ if position is not None else 0)
        self._fresh = read.fresh
        if position is None or read.head < position:
            self._end(self._open if position is not None else (), "reset")
            self._position = read.head
        elif read.fresh and read.entries:
            self._tell(read.entries)
            return len(read.entries) == READ
        elif read.fresh:
            self._position = read.head
        return False

    def _tell(self, entries: tuple[Entry, ...]) -> None:
        first, self._position = entries[0].seq, entries[-1].seq
        pieces = [(entry, encoded(entry)) for entry in entries]
        for stream in list(self._joined):
            actor, at = stream.principal.actor, stream.position
            news = pieces if at < first else [(e, piece) for e, piece in pieces if e.seq > at]
            found = [piece for entry, piece in news if shows(actor, entry)]
            stream.put(found, max(at, self._position))
        if any(entry.ticket_id is None for entry in entries):
            self._recheck.set()

    async def _look_after(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS):
                    await self._recheck.wait()
            self._recheck.clear()
            await self._check(list(self._open))

    async def _check(self, streams: list[Stream]) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                same = await self._credentials.unchanged([s.principal for s in streams])
        except (StoreDown, TimeoutError):
            self._end(
                (s for s in streams if began - s.checked > UNCHECKED_SECONDS), "store_unavailable"
            )
            return
        for stream, holds in zip(streams, same, strict=True):
            stream.checked = began
            if not holds:
                stream.end("rights_changed")

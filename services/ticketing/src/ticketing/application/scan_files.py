"""Files are scanned where a scanner is configured; what was not is kept and not given out."""

import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO, Literal, Protocol, cast
from uuid import UUID

from deskstream_chassis.caller import system_caller
from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, Work
from ticketing.application.ports import Files
from ticketing.domain.errors import FilesUnavailable
from ticketing.domain.file_errors import FileQuarantined
from ticketing.domain.ticket import Attachment

Verdict = Literal["clean", "infected", "waiting"]
SPOOL = 1024 * 1024
CALLER = "ticketing.scanner"
AGAIN = timedelta(seconds=30)
"""When a file is tried again that could not be scanned."""
LEASE = timedelta(minutes=3)
"""How long a process may take for one file before another tries it too."""


class ScannerDown(Exception):
    """It does not answer, or could not judge this file."""


class Scanner(Protocol):
    """Something that knows malware."""

    async def __call__(self, content: BinaryIO) -> bool:
        """Whether it is clean. Raises ScannerDown."""
        ...


@dataclass(frozen=True)
class Waiting:
    """A file that was not scanned yet."""

    key: str
    size: int


class Quarantine(Protocol):
    """Files that are not given out."""

    async def hold(self, work: Work, files: Sequence[Waiting], at: datetime) -> None:
        """From now on they wait, unless they did before."""
        ...

    async def states(self, work: Work, keys: Sequence[str]) -> Mapping[str, Verdict]:
        """Of those that are held."""
        ...

    async def lease(self, work: Work, now: datetime, until: datetime) -> Waiting | None:
        """One that is due; nobody else gets it before `until`."""
        ...

    async def settle(self, work: Work, key: str, verdict: Verdict, again: datetime) -> None:
        """A clean one is let go, an infected one stays, a waiting one is due again then."""
        ...


class ScanFiles:
    """Where no scanner is configured (`scanner` None) nothing waits for one."""

    def __init__(
        self, files: Files, quarantine: Quarantine, scanner: Scanner | None, clock: Clock
    ) -> None:
        self._files = files
        self._quarantine = quarantine
        self._scanner = scanner
        self._clock = clock

    async def scan(self, key: str, size: int) -> Verdict:
        """A file of the bucket. Raises FilesUnavailable."""
        if self._scanner is None:
            return "clean"
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as spool:
            async for chunk in await self._files.read(key, 0, size):
                spool.write(chunk)
            spool.seek(0)
            try:
                return "clean" if await self._scanner(cast(BinaryIO, spool)) else "infected"
            except ScannerDown:
                return "waiting"

    async def hold(self, work: Work, files: Sequence[Waiting]) -> None:
        """Not given out before they were scanned."""
        if self._scanner is not None and files:
            await self._quarantine.hold(work, files, self._clock.now())

    async def free(self, work: Work, files: Iterable[Attachment]) -> None:
        """Raises FileQuarantined where one of these is not given out."""
        keys = [file.key for file in files]
        held = await self._quarantine.states(work, keys) if keys else {}
        for state in held.values():
            if state == "infected":
                raise FileQuarantined("the scanner found something in it", state=state)
            if self._scanner is not None:
                raise FileQuarantined("the file was not scanned yet; try later", state=state)


class RescanFiles:
    """One waiting file after the other, outside any transaction; the worker's use case."""

    def __init__(
        self, database: Database, scans: ScanFiles, quarantine: Quarantine, clock: Clock
    ) -> None:
        self._database = database
        self._scans = scans
        self._quarantine = quarantine
        self._clock = clock

    async def __call__(self, leave: Collection[UUID] = ()) -> bool:  # noqa: ARG002 - see below
        """Scan one that is due; False where there is none. Nothing is left aside: what could not be
        scanned is due later."""
        origin, now = system_caller(CALLER).origin, self._clock.now()
        async with self._database.work(origin) as work:
            due = await self._quarantine.lease(work, now, now + LEASE)
        if due is None:
            return False
        try:
            verdict = await self._scans.scan(due.key, due.size)
        except FilesUnavailable:
            verdict = "waiting"
        async with self._database.work(origin) as work:
            await self._quarantine.settle(work, due.key, verdict, self._clock.now() + AGAIN)
        return True

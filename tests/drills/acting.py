"""Processes of a drill, seen from the drill: started, spoken to, stopped, continued, killed.

An actor is a module of `drills.actors`. It gets its settings as one JSON argument, tells what it
does as JSON lines on its output, and takes orders as lines on its input.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from drills.until import until

TESTS = Path(__file__).parents[1]


class Actor:
    """One running process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.told: list[dict[str, Any]] = []
        self.output: list[str] = []
        self._next = 0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            text = line.decode(errors="replace").strip()
            self.output.append(text)
            if text.startswith("{"):
                self.told.append(json.loads(text))

    async def hears(self, event: str, seconds: float = 40.0, **fields: Any) -> dict[str, Any]:
        """The next thing it tells of this kind. Raises AssertionError with what it said instead."""
        wanted = {"event": event, **fields}

        def found() -> bool:
            for index in range(self._next, len(self.told)):
                if wanted.items() <= self.told[index].items():
                    self._next = index + 1
                    return True
            assert not self._reading.done(), f"ended before {wanted}: {self.output[-15:]}"
            return False

        try:
            await until(found, str(wanted), seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}; it said {self.output[-15:]}") from None
        return self.told[self._next - 1]

    def has_told(self, event: str) -> list[dict[str, Any]]:
        """All that it told of this kind so far."""
        return [told for told in self.told if told.get("event") == event]

    def say(self, order: object = "go") -> None:
        """Give an order."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")

    async def asked(self, order: dict[str, Any], event: str) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self.say(order)
        return await self.hears(event)

    @property
    def alive(self) -> bool:
        """Whether it runs (or is stopped)."""
        return self.process.returncode is None

    async def kill(self) -> int:
        """SIGKILL; its status, -9 where that is what ended it."""
        self.process.send_signal(signal.SIGKILL)
        return await self.ended()

    async def ended(self) -> int:
        """Its exit status, once it has ended."""
        async with asyncio.timeout(40):
            await self._reading
            return await self.process.wait()

    async def stop(self) -> None:
        """SIGSTOP, and wait until it stands."""
        self.process.send_signal(signal.SIGSTOP)
        seen = psutil.Process(self.process.pid)
        await until(lambda: seen.status() == psutil.STATUS_STOPPED, "the process to stand")

    def go_on(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def acting(module: str, **settings: Any) -> AsyncIterator[Actor]:
    """An actor for the block; what is left of it afterwards is killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"drills.actors.{module}", json.dumps(settings)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONUNBUFFERED": "1"},
    )
    actor = Actor(process)
    try:
        yield actor
    finally:
        if actor.alive:
            await actor.kill()
        await actor.ended()
        assert process.stdin is not None
        process.stdin.close()

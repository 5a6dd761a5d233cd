"""Argon2id in threads, a few at a time."""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.application.ports import Verdict
from gateway.domain.errors import Busy

T = TypeVar("T")
NICENESS = 5


@dataclass(frozen=True)
class Cost:
    """Argon2id's parameters. The default is OWASP's 46 MiB, two passes, one lane."""

    memory_kib: int = 46 * 1024
    passes: int = 2
    lanes: int = 1


def _yield_to_the_loop() -> None:
    """Linux schedules threads by a niceness of their own: where cores are scarce, requests that
    wait for no password go first."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class Argon2Passwords:
    """At most `slots` hashes run at once (each takes `memory_kib`), each in a thread of its own
    pool; at most `waiting` more wait for one, any further raises Busy at once. Bounds what a
    storm of sign-ins can cost: slots x 46 MiB and slots cores.

    Strangers take turns before they queue with the others, and one slot is never theirs where
    there are several: whoever is no stranger waits for two hashes at most, and for his like.
    """

    def __init__(self, cost: Cost | None = None, *, slots: int = 2, waiting: int = 64) -> None:
        chosen = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=chosen.passes, memory_cost=chosen.memory_kib, parallelism=chosen.lanes
        )
        self._pool = ThreadPoolExecutor(
            slots, thread_name_prefix="argon2", initializer=_yield_to_the_loop
        )
        self._gate = asyncio.Semaphore(slots)
        self._turns = asyncio.Semaphore(max(1, slots - 1))
        self._room = slots + waiting
        self._inside = {True: 0, False: 0}
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    async def hash(self, password: str, *, stranger: bool = True) -> str:
        """A fresh hash with the current cost."""
        return await self._run(lambda: self._hasher.hash(password), stranger)

    async def verify(
        self, password_hash: str | None, password: str, *, stranger: bool = True
    ) -> Verdict:
        """Works as long for None: it verifies against the hash of a random password."""
        against = password_hash or self._nobody
        right = await self._run(lambda: self._matches(against, password), stranger)
        if password_hash is None or not right:
            return Verdict(right=False)
        return Verdict(right=True, outdated=self._hasher.check_needs_rehash(password_hash))

    def close(self) -> None:
        """Lets running hashes end; none starts any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T], stranger: bool) -> T:
        if self._inside[stranger] >= self._room:
            raise Busy("too many passwords wait to be checked")
        self._inside[stranger] += 1
        try:
            async with self._turns if stranger else nullcontext(), self._gate:
                return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._inside[stranger] -= 1

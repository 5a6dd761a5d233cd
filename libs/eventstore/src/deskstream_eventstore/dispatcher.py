"""Performs planned effects: outside any transaction, each at most once without knowing."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog

from deskstream_eventstore.consuming.classify import Verdict, code_of, from_database, verdict
from deskstream_eventstore.dispatching import ledger
from deskstream_eventstore.effects import Effect, Outcome, Retry, Unknown, effect_of
from deskstream_eventstore.work import Database, Work

log = structlog.get_logger("deskstream")

Perform = Callable[[Effect], Awaitable[Outcome]]
"""One call of a provider. It turns all that a provider does into an outcome, and may raise what the
database raises before it called anyone; whatever else it raises leaves the outcome unknown."""
Settle = Callable[[Work, Effect, Outcome], Awaitable[None]]
"""Appends what became of it, in the transaction that stores the result; also for Retry."""

BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.25
SETTLE_TRIES = 5
OUTAGE_SECONDS = (0.5, 5.0)


class Dispatcher:
    """One per service and process; several processes share the rows without meeting.

    A row goes pending → sending (committed) → performed → result and event in one transaction.
    Rows whose owner died while sending become Unknown: settled as held, never repeated by itself.
    """

    def __init__(
        self,
        database: Database,
        perform: Perform,
        settle: Settle,
        *,
        concurrency: int = 8,
        lease: float = 60.0,
        first_pause: float = 2.0,
        longest_pause: float = 900.0,
        grace: float = 15.0,
    ) -> None:
        self._database = database
        self._perform = perform
        self._settle = settle
        self._concurrency = concurrency
        self._lease = timedelta(seconds=lease)
        self._first_pause, self._longest_pause = first_pause, longest_pause
        self._grace = grace
        self._holder = f"{uuid4()}"
        self._woken = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something was planned in this process: look now."""
        self._woken.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; then those at hand are finished, within the grace time."""
        beat = asyncio.create_task(self._beat())
        told = asyncio.create_task(stopping.wait())
        try:
            pause = BUSY_SECONDS
            while not stopping.is_set():
                took = await self._take()
                pause = BUSY_SECONDS if took else min(IDLE_SECONDS, pause * 2)
                await self._rest(told, pause)
        finally:
            told.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=self._grace)
            for task in (beat, *self._running):
                task.cancel()
            await asyncio.gather(beat, *self._running, return_exceptions=True)

    async def _rest(self, told: "asyncio.Task[Any]", pause: float) -> None:
        """Until woken, told to stop, a place is free, or the pause is over."""
        full = len(self._running) >= self._concurrency
        woken = asyncio.create_task(self._woken.wait())
        awaited = {told, *self._running} if full else {told, woken}
        await asyncio.wait(
            awaited, timeout=None if full else pause, return_when=asyncio.FIRST_COMPLETED
        )
        woken.cancel()

    async def _take(self) -> int:
        self._woken.clear()
        free = self._concurrency - len(self._running)
        if free <= 0:
            return 0
        try:
            async with self._database.work() as work:
                rows = await ledger.take(work, self._holder, self._lease, free)
        except Exception as error:
            if not _is_outage(error):
                raise
            log.warning("database does not answer", worker="effects", error_code=code_of(error))
            await asyncio.sleep(OUTAGE_SECONDS[0])
            return 0
        for row in rows:
            lost = row["lost"]
            task = asyncio.create_task(self._handle(effect_of(row), lost=lost))
            self._running.add(task)
            task.add_done_callback(self._ended)
        return len(rows)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("effect not settled", error_code=code_of(error))

    async def _handle(self, effect: Effect, *, lost: bool) -> None:
        if effect.correlation_id:  # for this task's log lines only
            structlog.contextvars.bind_contextvars(correlation_id=effect.correlation_id)
        outcome = Unknown("owner_lost") if lost else await self.performed(effect)
        log.info(
            "effect performed",
            effect_key=effect.key,
            effect_kind=effect.kind,
            attempt=effect.attempts,
            state=type(outcome).__name__.lower(),
            code=getattr(outcome, "code", None),
        )
        await self._store(effect, outcome)

    async def performed(self, effect: Effect) -> Outcome:
        """The outcome of one call, whatever it raises."""
        try:
            return await self._perform(effect)
        except Exception as error:  # noqa: BLE001 - an outcome nobody knows is an outcome
            if from_database(error):
                return Retry("database")
            log.warning("effect raised", effect_key=effect.key, error_code=code_of(error))
            return Unknown(f"raised_{code_of(error)}")

    async def _store(self, effect: Effect, outcome: Outcome) -> None:
        """Result and event in one transaction; an outage only delays it. If `settle` fails for
        good, the row is held with the result, so that nothing is repeated or forgotten."""
        tries = 0
        pause = OUTAGE_SECONDS[0]
        while True:
            started = time.monotonic()
            try:
                async with self._database.work() as work:
                    if await self._result(work, effect, outcome):
                        await self._settle(work, effect, outcome)
                    else:
                        log.warning("late outcome of an effect", effect_key=effect.key)
                return
            except Exception as error:  # noqa: BLE001 - classified
                code = code_of(error)
                log.warning("settling failed", effect_key=effect.key, error_code=code)
                if _is_outage(error) and time.monotonic() - started < self._lease.total_seconds():
                    await asyncio.sleep(pause)
                    pause = min(OUTAGE_SECONDS[1], pause * 2)
                    continue
                tries += 1
                if tries >= SETTLE_TRIES or verdict(error) is Verdict.PERMANENT:
                    break
                await asyncio.sleep(random.uniform(0.02, 0.2 * tries))  # noqa: S311
        async with self._database.work() as work:
            await ledger.hold(work, effect.key, self._holder, "settle_failed", outcome)

    async def _result(self, work: Work, effect: Effect, outcome: Outcome) -> bool:
        return await ledger.store(
            work, effect.key, self._holder, outcome, self._pause(effect, outcome)
        )

    def _pause(self, effect: Effect, outcome: Outcome) -> timedelta:
        after = outcome.after if isinstance(outcome, Retry) else None
        if isinstance(after, timedelta):
            return after
        if after is not None:
            return timedelta(seconds=after)
        bound = min(self._longest_pause, self._first_pause * 2 ** min(effect.attempts, 20))
        return timedelta(seconds=random.uniform(self._first_pause / 2, bound))  # noqa: S311

    async def _beat(self) -> None:
        """Keeps the rows at hand ours; a third of the lease apart."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            if not self._running:
                continue
            try:
                async with self._database.work() as work:
                    await ledger.beat(work, self._holder)
            except Exception as error:
                if not _is_outage(error):
                    raise
                log.warning("no beat of effects", error_code=code_of(error))


def _is_outage(error: Exception) -> bool:
    return verdict(error) in (Verdict.OUTAGE, Verdict.LOST)

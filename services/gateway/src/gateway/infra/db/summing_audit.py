"""Refusals, limit hits and key use, summed per minute before they become events."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, update

from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from deskstream_chassis.logs import log
from deskstream_events.gateway.audit import Action, AuditRecordedV1
from deskstream_eventstore import Database, Origin, compiled
from gateway.application.ports import Outcome
from gateway.infra.db.tables import api_key
from gateway.infra.db.trail import Trail

_MARK_USED = compiled(
    update(api_key)
    .where(api_key.c.key_id == func.any(bindparam("key_ids")))
    .values(last_used_at=bindparam("used_at"))
)
ROOM = 5_000
"""Different sums of one minute that are kept apart; beyond it address and principal are left out,
so that a storm from many addresses costs a bounded amount of memory."""

FLUSH_SECONDS = 5.0


@dataclass(frozen=True)
class _Sum:
    minute: datetime
    action: Action
    outcome: Outcome
    principal: str | None
    target: str | None
    code: str | None
    address_hash: str | None

    def coarse(self) -> "_Sum":
        return _Sum(self.minute, self.action, self.outcome, None, self.target, self.code, None)


class SummingAudit:
    """See ports.Audit. `run` belongs in every process that serves the gate: it writes each
    minute's sums once it is over, and what is left at the end. While the store is away sums are
    kept, up to ROOM of them."""

    def __init__(self, database: Database, trail: Trail, clock: Clock) -> None:
        self._database, self._trail, self._clock = database, trail, clock
        self._sums: Counter[_Sum] = Counter()

    def note(
        self,
        action: Action,
        outcome: Outcome,
        *,
        principal: str | None = None,
        target: str | None = None,
        code: str | None = None,
        address: str | None = None,
    ) -> None:
        """See ports."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        hashed = self._trail.address_hash(address)
        one = _Sum(minute, action, outcome, principal, target, code, hashed)
        known = one in self._sums or len(self._sums) < ROOM
        self._sums[one if known else one.coarse()] += 1

    async def flush(self, *, all_of_them: bool = False) -> int:
        """Write the sums of the minutes that are over; returns how many events were written.

        Raises what the store raises; the sums are kept then.
        """
        current = self._clock.now().replace(second=0, microsecond=0)
        due = {s: n for s, n in self._sums.items() if all_of_them or s.minute < current}
        if not due:
            return 0
        for one in due:
            del self._sums[one]
        try:
            await self._write(due)
        except BaseException:
            self._sums.update(due)
            raise
        return len(due)

    async def _write(self, due: dict[_Sum, int]) -> None:
        now = self._clock.now()
        events = [
            AuditRecordedV1(
                at=now,
                action=one.action,
                outcome=one.outcome,
                principal=one.principal,
                target=one.target,
                code=one.code,
                address_hash=one.address_hash,
                count=count,
                window_start=one.minute,
            )
            for one, count in due.items()
        ]
        used = {one.principal for one in due if one.action == "key_used" and one.principal}
        origin = Origin(actor="system:gateway", correlation_id=str(new_id()))
        async with self._trail.writer() as writer, self._database.work(origin) as work:
            if used:
                key_ids = sorted(ref.removeprefix("key:") for ref in used)
                await _MARK_USED.execute(work, key_ids=key_ids, used_at=now)
            await self._trail.append(work, writer, events)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until stopped. An outage of the store is logged and waited out."""
        while not stopping.is_set():
            try:
                await asyncio.wait_for(stopping.wait(), FLUSH_SECONDS)
            except TimeoutError:
                await self._try(all_of_them=False)
        await self._try(all_of_them=True)

    async def _try(self, *, all_of_them: bool) -> None:
        try:
            await self.flush(all_of_them=all_of_them)
        except Exception as error:  # noqa: BLE001 - the gate must not die for its diary
            log.warning("audit not written", error_code=type(error).__name__)

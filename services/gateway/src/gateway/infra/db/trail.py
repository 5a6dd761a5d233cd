"""Appending to the audit trail without conflicts: each writer has a stream of its own per day."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import groupby
from uuid import UUID, uuid5

from sqlalchemy import bindparam, func, select

from deskstream_chassis.ids import new_id
from deskstream_events.gateway.audit import AuditRecordedV1
from deskstream_eventstore import Work, compiled, store_metadata
from gateway.infra.db.chain import Chain

AUDIT = "gateway.audit"
_events = store_metadata.tables["events"]
_LAST = compiled(
    select(func.max(_events.c.version)).where(_events.c.stream_id == bindparam("stream_id"))
)


class Trail:
    """The writers of one process. At most `writers` works run at once; each has its writer to
    itself until after its commit, so two never append to the same stream."""

    def __init__(self, audit_key: bytes, *, writers: int = 4) -> None:
        self._key = audit_key
        self._chain = Chain(audit_key)
        self._idle: asyncio.LifoQueue[UUID] = asyncio.LifoQueue()
        for _ in range(writers):
            self._idle.put_nowait(new_id())

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[UUID]:
        """Waits for an idle writer."""
        writer = await self._idle.get()
        try:
            yield writer
        finally:
            self._idle.put_nowait(writer)

    async def append(self, work: Work, writer: UUID, events: Sequence[AuditRecordedV1]) -> None:
        """Add them to the writer's stream of their day, and to the chain."""
        for day, of_day in groupby(events, key=lambda event: event.at.date()):
            stream_id = uuid5(writer, day.isoformat())
            last, facts = await _LAST.value(work, stream_id=stream_id) or 0, tuple(of_day)
            await self._chain.extend(work, stream_id, last, facts)
            work.append(AUDIT, stream_id, last, facts)

    def address_hash(self, address: str | None) -> str | None:
        """Keyed, so that the trail tells equal addresses and nothing else about them."""
        if not address:
            return None
        return hmac.new(self._key, address.encode(), hashlib.sha256).hexdigest()

"""One transaction: which events are next, and applying them. No retries in here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from deskstream_events.personal import overwrite_personal
from deskstream_eventstore.consumer import Consumer, Fact
from deskstream_eventstore.consuming.delivery import Delivery, is_traced, standing_of
from deskstream_eventstore.consuming.incoming import Incoming, Unreadable
from deskstream_eventstore.consuming.ledger import BEHIND, GAP, Cursor, Ledger, Parking
from deskstream_eventstore.metrics import DUPLICATES, END_TO_END
from deskstream_eventstore.subjects import SubjectHasher
from deskstream_eventstore.work import Work

Refused = Mapping[UUID, Parking]
"""Events, by id, that failed for good: to be parked in place of being applied."""


class NotWritable(RuntimeError):
    """A dead letter or a parked event could not be written: the consumer stops, never skips."""


@dataclass(slots=True)
class Applied:
    """What one transaction did. `deferred` are next, but have parked events behind them: they go
    alone, so that these can be drained. `drain` are streams whose next version is parked."""

    events: list[Incoming] = field(default_factory=list)
    parked: list[Parking] = field(default_factory=list)
    deferred: list[Incoming] = field(default_factory=list)
    drain: set[UUID] = field(default_factory=set)
    duplicates: int = 0
    _returned: list[UUID] = field(default_factory=list)
    _unparked: list[Incoming] = field(default_factory=list)

    def set_aside(self, parking: Parking) -> None:
        """Park it; the inbox does not keep it, so that its replay goes through the inbox."""
        self.parked.append(parking)
        self._returned.append(parking.item.id)

    def defer(self, item: Incoming) -> None:
        """Later, alone."""
        self.deferred.append(item)
        self._returned.append(item.id)

    def leave(self, item: Incoming) -> None:
        """It stays parked as it is."""
        self._returned.append(item.id)

    def done(self, item: Incoming) -> None:
        """Applied, or seen before."""
        if item.parked:
            self._unparked.append(item)

    async def write(self, work: Work, ledger: Ledger) -> None:
        """The rows of what was set aside and taken out. Raises NotWritable from its cause."""
        try:
            await ledger.park(work, self.parked)
        except Exception as error:
            raise NotWritable("parked event") from error
        if self._returned:
            await ledger.forget(work, self._returned)
        await ledger.unpark(work, self._unparked)


class Applier:
    """Applies events of one consumer inside a transaction that the caller opens and commits."""

    def __init__(self, consumer: Consumer, subjects: SubjectHasher) -> None:
        self._consumer = consumer
        self._subjects = subjects
        self._traced = False
        self._end_to_end = END_TO_END.labels(consumer.name)
        self.ledger = Ledger(consumer.name)

    async def apply(
        self,
        work: Work,
        items: Sequence[Incoming],
        now: datetime,
        *,
        letters: Sequence[Unreadable] = (),
        refused: Refused | None = None,
        alone: bool = False,
    ) -> Applied:
        """Raises what a handler raises, and NotWritable."""
        try:
            await self.ledger.keep(work, letters)
        except Exception as error:
            raise NotWritable("dead letter") from error
        applied = Applied()
        if not items:
            return applied
        self._traced = is_traced()
        fresh = await self.ledger.receive(work, (item.id for item in items))
        await self._redact(work, [i for i in items if i.event is not None and i.id in fresh])
        todo = self._take(_by_version(items), fresh, applied)
        if self._consumer.ordered:
            await self._in_order(work, todo, now, applied, refused or {}, alone)
        else:
            await self._as_they_come(work, todo, now, applied, refused or {})
        await applied.write(work, self.ledger)
        if applied.duplicates:
            DUPLICATES.labels(self._consumer.name).inc(applied.duplicates)
        return applied

    def _take(
        self, items: Iterable[Incoming], fresh: set[UUID], applied: Applied
    ) -> Iterator[Incoming]:
        for item in items:
            if item.id in fresh:
                fresh.discard(item.id)
                yield item
            else:
                applied.duplicates += 1
                applied.done(item)

    async def _in_order(
        self,
        work: Work,
        items: Iterable[Incoming],
        now: datetime,
        applied: Applied,
        refused: Refused,
        alone: bool,
    ) -> None:
        taken = list(items)
        cursors = await self.ledger.cursors(work, (item.stream_id for item in taken))
        moved: dict[UUID, int] = {}
        for item in taken:
            cursor = cursors[item.stream_id]
            if item.version <= cursor.last:
                applied.duplicates += 1
                applied.done(item)
            elif (parking := _parking(item, cursor, refused)) is not None:
                applied.set_aside(parking)
                cursor.parked = min(cursor.parked or item.version, item.version)
                moved.setdefault(item.stream_id, cursor.last)
            elif item.version > cursor.last + 1:
                applied.leave(item)
            elif cursor.parked is not None and not alone and not item.parked:
                applied.defer(item)
            else:
                await self.handle(work, item, now)
                applied.events.append(item)
                applied.done(item)
                moved[item.stream_id] = cursor.last = item.version
                if cursor.blocked:
                    applied.drain.add(item.stream_id)
        await self.ledger.advance(work, moved)

    async def _as_they_come(
        self,
        work: Work,
        items: Iterable[Incoming],
        now: datetime,
        applied: Applied,
        refused: Refused,
    ) -> None:
        for item in items:
            if item.id in refused:
                applied.set_aside(refused[item.id])
                continue
            await self.handle(work, item, now)
            applied.events.append(item)
            applied.done(item)

    async def handle(self, work: Work, item: Incoming, now: datetime) -> None:
        """Call the handler, if there is one, in the event's own trace; then write its appends, so
        that the next event of the batch sees them."""
        event = item.event
        if event is None:
            return
        meta = item.meta()
        age = now - item.at
        standing = standing_of(item, age)
        with Delivery(self._consumer.name, item, meta, standing, traced=self._traced) as delivery:
            if delivery.traceparent != meta.traceparent:
                meta = replace(meta, traceparent=delivery.traceparent)
            fact = Fact(
                event,
                item.type,
                item.stream_id,
                item.version,
                item.id,
                item.at,
                meta,
                item.topic,
                item.partition,
                item.offset,
                item.republished,
                standing,
            )
            await self._consumer.handlers[event.TYPE](work, fact)
            await work.finish()
        if not item.republished:
            self._end_to_end.observe(max(0.0, age.total_seconds()))

    async def _redact(self, work: Work, items: Sequence[Incoming]) -> None:
        about = [
            (item, item.event, self._subjects.hashes(people))
            for item in items
            if item.event is not None and (people := item.event.people())
        ]
        subjects = list({subject for _, _, hashes in about for subject in hashes})
        erased = await self.ledger.erased(work, subjects)
        if not erased:
            return
        for item, event, hashes in about:
            if any(s in erased and item.at < erased[s] for s in hashes):
                data: dict[str, Any] = event.model_dump(mode="json")
                data = overwrite_personal(type(event), data)
                item.event = type(event).read(data)
                if item.type == event.TYPE:
                    item.data = data


def _parking(item: Incoming, cursor: Cursor, refused: Refused) -> Parking | None:
    if item.id in refused:
        return refused[item.id]
    if item.parked:
        return None
    if cursor.blocked:
        return Parking(item, BEHIND)
    return Parking(item, GAP) if item.version > cursor.last + 1 else None


def _by_version(items: Sequence[Incoming]) -> Iterable[Incoming]:
    """In order of arrival, but each stream's events by version."""
    last: dict[UUID, int] = {}
    for item in items:
        if last.get(item.stream_id, 0) > item.version:
            break
        last[item.stream_id] = item.version
    else:
        return items
    streams: dict[UUID, list[Incoming]] = {}
    for item in items:
        streams.setdefault(item.stream_id, []).append(item)
    queues = {s: iter(sorted(own, key=lambda i: i.version)) for s, own in streams.items()}
    return [next(queues[item.stream_id]) for item in items]

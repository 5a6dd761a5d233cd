"""How far consumers are behind, whether they move, and what they have set aside."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from deskstream_eventstore.connection import CONNECTION_OUTAGES
from deskstream_eventstore.consuming.incoming import Record
from deskstream_eventstore.lag import set_aside
from deskstream_eventstore.metrics import (
    DEAD_LETTER_AGE,
    DEAD_LETTERS,
    LAG,
    LAG_SECONDS,
    PARKED,
    PARKED_AGE,
)
from deskstream_eventstore.prune import prune
from deskstream_eventstore.work import Database

if TYPE_CHECKING:
    from faststream.kafka.subscriber.usecase import BatchSubscriber

log = structlog.get_logger("deskstream")

LOOK_SECONDS = 5.0
FIRST_LOOK_SECONDS = 0.5
"""Until every partition has been looked at once."""
PRUNE_SECONDS = 3600.0
ANSWER_SECONDS = 5.0


class Follower:
    """One consumer as seen from outside."""

    def __init__(self, name: str, prefix: str) -> None:
        self.name = name
        self.subscriber: BatchSubscriber | None = None
        self.lag = 0
        self.moved = time.monotonic()
        self._prefix = prefix
        self._at_hand: dict[TopicPartition, int] = {}
        self._newest: dict[TopicPartition, float] = {}
        self._applied: dict[TopicPartition, float] = {}
        self._current: dict[TopicPartition, float] = {}
        self._shown: set[TopicPartition] = set()

    def began(self, records: Sequence[Record]) -> None:
        """A batch is at hand."""
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            first = self._at_hand.setdefault(place, record.offset)
            self._at_hand[place] = min(first, record.offset)
            self._newest[place] = getattr(record, "timestamp", 0) / 1000

    def finished(self, at: float) -> None:
        """It is committed."""
        self._applied |= {place: self._newest[place] for place in self._at_hand}
        self._at_hand.clear()
        self.moved = at

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions it has now."""
        kafka = self.subscriber.consumer if self.subscriber else None
        return frozenset(kafka.assignment()) if kafka else frozenset()

    async def look(self) -> None:
        """Compare positions with the ends of the log."""
        kafka = self.subscriber.consumer if self.subscriber else None
        places = self.assignment
        if kafka is None or not places:
            return
        looked = time.time()
        ends = await kafka.end_offsets(list(places))
        behind = {}
        for place in places:
            position = self._at_hand.get(place, await kafka.position(place))
            behind[place] = max(0, ends[place] - position)
        self.lag = sum(behind.values())
        if not self.lag:
            self.moved = time.monotonic()
        for place, count in behind.items():
            reached = self._applied.get(place, 0.0) if count else looked
            self._current[place] = max(self._current.get(place, 0.0), reached)
        self._show(behind)

    @property
    def as_of(self) -> float | None:
        """Up to when what was published is applied, by the clock of the machine; None before that
        is known of every partition. Stands still while the broker does not answer."""
        places = self.assignment
        if not places or not places <= self._current.keys():
            return None
        return min(self._current[place] for place in places)

    def _show(self, behind: dict[TopicPartition, int]) -> None:
        now = time.time()
        for place in self._shown - behind.keys():
            LAG.remove(*self._labels(place))
            LAG_SECONDS.remove(*self._labels(place))
        self._shown = set(behind)
        for place, count in behind.items():
            age = now - self._newest.get(place, now) if count else 0.0
            LAG.labels(*self._labels(place)).set(count)
            LAG_SECONDS.labels(*self._labels(place)).set(max(0.0, age))

    def _labels(self, place: TopicPartition) -> tuple[str, str, str]:
        return self.name, place.topic.removeprefix(self._prefix), str(place.partition)


class Watch:
    """Looks every few seconds; an outage of what it looks at never ends it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: Sequence[Follower] = ()
        self._pruned = 0.0

    def follow(self, followers: Sequence[Follower]) -> None:
        """Whom to watch."""
        self._followers = followers

    def health(self) -> dict[str, Any]:
        """See ConsumerRuntime.health."""
        now = time.monotonic()
        ages = [now - f.moved for f in self._followers if f.lag]
        return {
            "assigned": all(f.assignment for f in self._followers),
            "lag": sum(f.lag for f in self._followers),
            "position_age": max(ages, default=0.0),
        }

    def as_of(self) -> float | None:
        """See ConsumerRuntime.as_of."""
        found = [f.as_of for f in self._followers]
        known = [at for at in found if at is not None]
        return min(known) if known and len(known) == len(found) else None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    for follower in self._followers:
                        await follower.look()
                await self._count()
                await self._prune()
            except (KafkaError, *CONNECTION_OUTAGES) as error:
                log.info("cannot look after consumers", error_code=type(error).__name__)
            await asyncio.sleep(FIRST_LOOK_SECONDS if self.as_of() is None else LOOK_SECONDS)

    async def _count(self) -> None:
        counts = await set_aside(self._database)
        for follower in self._followers:
            row = counts[follower.name]
            PARKED.labels(follower.name).set(row.parked)
            PARKED_AGE.labels(follower.name).set(row.oldest_parked_seconds)
            DEAD_LETTERS.labels(follower.name).set(row.dead_letters)
            DEAD_LETTER_AGE.labels(follower.name).set(row.oldest_dead_letter_seconds)

    async def _prune(self) -> None:
        if time.monotonic() - self._pruned < PRUNE_SECONDS and self._pruned:
            return
        await prune(self._database)
        self._pruned = time.monotonic()

"""A consumer in a process of its own that stands still where the drill wants it to."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from drills.actors.telling import order, settings, tell
from drills.following_up import WithoutInbox, follower

from deskstream_eventstore import (
    ConsumerRuntime,
    Database,
    KafkaSettings,
    Patience,
    Processor,
    StoreError,
    SubjectHasher,
)
from deskstream_eventstore.consuming.apply import NotWritable
from deskstream_eventstore.consuming.incoming import Incoming
from deskstream_eventstore.testing import KEY


class Points(Processor):
    """Tells what it is given, and where it is."""

    points: ClassVar[frozenset[str]] = frozenset()

    async def process(self, records: Sequence[Any]) -> None:
        """As ever, after saying which records came."""
        tell("batch", places=[f"{r.partition}/{r.offset}" for r in records])
        await super().process(records)

    async def before_commit(self, items: Sequence[Incoming]) -> None:
        """Everything written, nothing committed."""
        await stand("before_commit")

    async def after_commit(self, items: Sequence[Incoming]) -> None:
        """Committed, not acknowledged."""
        await stand("after_commit")


async def stand(point: str) -> None:
    """Stand still here until the drill says to go on, if it wants that."""
    if point in Points.points:
        tell("at", point=point)
        await order()


class Ours(Points, Processor):
    """The product's."""


class Naive(Points, WithoutInbox):
    """Without inbox and cursor."""


KINDS: dict[str, type[Points]] = {"Ours": Ours, "Naive": Naive}


async def main() -> int:
    """Until SIGTERM. Status 3 where the consumer refuses to go on."""
    said = settings()
    Points.points = frozenset(said["points"])

    async def wait(title: str) -> None:
        if title == "stand":
            await stand("handler")
        await asyncio.sleep(said.get("slow", 0))

    database = await Database.connect(
        said["dsn"], size=4, name="drill-consumer", subjects=SubjectHasher(KEY)
    )
    runtime = ConsumerRuntime(
        database,
        KafkaSettings(said["bootstrap"], said["prefix"]),
        [follower(wait)],
        max_records=said.get("max_records", 500),
        max_poll_interval=said.get("max_poll_interval", 300.0),
        session_timeout=said.get("session_timeout", 2.0),
        patience=Patience(tries=3, shortest=0.01, longest=0.1) if said.get("quick") else None,
        processor=KINDS[said["kind"]],
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    telling = asyncio.create_task(tell_assignments(runtime))
    tell("up")
    try:
        await runtime.run(stopping)
    except (StoreError, NotWritable) as refused:
        tell("refused", error=type(refused).__name__, text=str(refused))
        return 3
    finally:
        telling.cancel()
        await database.close()
    return 0


async def tell_assignments(runtime: ConsumerRuntime) -> None:
    """Which partitions it has, whenever that changes."""
    known: list[int] = []
    while True:
        found = sorted(p.partition for f in runtime._watch._followers for p in f.assignment)
        if found != known:
            tell("assigned", partitions=found)
            known = found
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

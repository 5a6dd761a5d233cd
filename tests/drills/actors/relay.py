"""A relay in a process of its own that can stand still at exact points.

At each of its `points` it tells the drill and waits for an order, so that a signal hits it there.
"""

import asyncio
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta

from drills import naive
from drills.actors.telling import order, settings, tell
from prometheus_client import start_http_server

from deskstream_events import topics
from deskstream_eventstore import Database, KafkaSettings, Lease, Relay, StoreError, SubjectHasher
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.outgoing import Outgoing, Stalled
from deskstream_eventstore.testing import KEY


class Points(Relay):
    """Adds the points; what it does is the relay's own."""

    points: frozenset[str] = frozenset()

    async def _at(self, point: str, number: int) -> None:
        if point in self.points:
            tell("at", point=point, number=number)
            await order()

    async def send(self, records: Sequence[Outgoing]) -> None:
        """In two halves where the middle is a point."""
        if records:
            await self._at("before_send", len(records))
        half = len(records) // 2 if "mid_batch" in self.points else 0
        try:
            if half:
                await super().send(records[:half])
                await self._at("mid_batch", half)
            await super().send(records[half:])
        except Stalled as stalled:
            tell("stalled", cause=str(stalled))
            raise

    async def advance(self, connection: Connection, position: int) -> None:
        """All is acknowledged, or held."""
        await self._at("after_acks", position)
        await super().advance(connection, position)
        tell("advanced", position=position)


class Ours(Points, Relay):
    """The product's."""


class PlainPoller(Points, naive.PlainPoller):
    """Without the fence."""


class GapWaiter(Points, naive.GapWaiter):
    """Without the fence, waiting for holes."""


class XidOrder(Points, naive.XidOrder):
    """By transaction ids."""


class CheckpointFirst(Points, naive.CheckpointFirst):
    """At most once."""


class WithoutEpoch(Points, naive.WithoutEpoch):
    """Believes in its lease."""


class WithoutLease(Points, naive.WithoutLease):
    """Believes to be alone."""


class FireAndForget(Points, naive.FireAndForget):
    """Believes the broker."""


class Unchecked(Points, naive.Unchecked):
    """Believes its checkpoint."""


KINDS: dict[str, type[Points]] = {
    kind.__name__: kind
    for kind in (
        *(Ours, PlainPoller, GapWaiter, XidOrder, CheckpointFirst, WithoutEpoch, WithoutLease),
        *(FireAndForget, Unchecked),
    )
}


async def main() -> int:
    """Until SIGTERM. Status 3 where the relay refuses to go on."""
    said = settings()
    if "metrics_port" in said:
        start_http_server(said["metrics_port"], addr="127.0.0.1")
    database = await Database.connect(
        said["dsn"], size=4, name="drill-relay", subjects=SubjectHasher(KEY)
    )
    relay = KINDS[said["kind"]](
        database,
        KafkaSettings(said["bootstrap"], said["prefix"]),
        "gateway",
        [topics.TEAMS],
        lease=Lease("relay", timedelta(seconds=said["ttl"])),
    )
    relay.points = frozenset(said["points"])
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    tell("up")
    if said["waits"]:
        await order()
    try:
        await relay.run(stopping)
    except StoreError as refused:
        tell("refused", error=type(refused).__name__, text=str(refused))
        return 3
    finally:
        await database.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

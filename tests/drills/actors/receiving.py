"""The notifier's receiver in a process of its own that stands still where the drill wants it to."""

import asyncio
import signal
import sys
from typing import Any
from uuid import UUID

from drills.actors.telling import order, settings, tell

from deskstream_chassis.clock import SystemClock
from deskstream_chassis.files import Bucket
from deskstream_eventstore import Database, SubjectHasher
from deskstream_eventstore.testing import KEY
from notifier.application.inbound import Delivered, Kept
from notifier.application.receive_mail import House, ReceiveMail
from notifier.application.settle_bounce import SettleBounce
from notifier.infra.db.screen import DbScreen
from notifier.infra.inbound.attic import BucketAttic
from notifier.infra.inbound.reading import read_mail
from notifier.interface.smtp import Listening, Receive, Receiver

MAILBOX = "support@shop.test"
POINTS: set[str] = set()


async def stand(point: str) -> None:
    """Stand still here until the drill says to go on, if it wants that."""
    if point in POINTS:
        tell("at", point=point)
        await order()


class Attic(BucketAttic):
    """Stands after each object."""

    async def keep(self, inbound_id: UUID, what: str, content: bytes) -> Kept:
        """As ever."""
        kept = await super().keep(inbound_id, what, content)
        await stand(f"{what}_kept")
        return kept


class Ours(ReceiveMail):
    """Stands before the commit."""

    async def _event(self, *arguments: Any) -> Any:
        event = await super()._event(*arguments)
        await stand("before_commit")
        return event


def careful(receive: Receive) -> Receive:
    """The product's order: stored, then answered."""

    async def take(delivered: Delivered) -> UUID:
        await stand("received")
        inbound = await receive(delivered)
        await stand("after_commit")
        return inbound

    return take


def careless(receive: Receive) -> Receive:
    """Answered first, stored when there is time."""
    later: set[asyncio.Task[UUID]] = set()

    async def keep(delivered: Delivered) -> UUID:
        return await careful(receive)(delivered)

    async def take(delivered: Delivered) -> UUID:
        later.add(asyncio.create_task(keep(delivered)))
        return UUID(int=0)

    return take


async def main() -> int:
    """Until SIGTERM."""
    said = settings()
    POINTS.update(said["points"])
    subjects = SubjectHasher(KEY)
    database = await Database.connect(said["dsn"], size=4, name="drill-receiver", subjects=subjects)
    clock = SystemClock()
    bounces = SettleBounce(DbScreen(subjects), clock, "shop.test")
    attic = Attic(Bucket.at(said["bucket"], "notifier"))
    receive = Ours(database, read_mail, attic, bounces, clock, House((MAILBOX,)))
    taking = (careful if said["kind"] == "Ours" else careless)(receive)
    receiver = Receiver(Listening("127.0.0.1", 0, "shop.test"), (MAILBOX,), taking)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    running = asyncio.create_task(receiver.run(stopping))
    await receiver.ready.wait()
    tell("up", port=receiver.port)
    try:
        await running
    finally:
        await database.close()
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

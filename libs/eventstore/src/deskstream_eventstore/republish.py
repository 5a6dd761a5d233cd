"""Sends a store's events again, in order, marked: fills new consumers and topics made anew.

Consumers that have them skip them by version; no outside effect ever starts from one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_events import Topic
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.outgoing import COLUMNS, Sender, outgoing
from deskstream_eventstore.topics_admin import create_topics, drop_topics
from deskstream_eventstore.work import Database

SLICE = 1000

_UP_TO = """
select greatest(
  coalesce((select max(safe_position) from log_head), 0),
  coalesce((select max(position) from relay_checkpoint), 0))"""
_EPOCH = "select coalesce(max(epoch), 0) from relay_lease"
_SLICE = (
    f"select {COLUMNS} from events "  # noqa: S608
    "where position > $1 and position <= $2 and stream_type = any($3::text[]) "
    "and ($4::uuid is null or stream_id = $4) order by position limit $5"
)


@dataclass(frozen=True)
class Republished:
    """Events sent again, up to a position of the store."""

    events: int
    position: int


async def republish(
    database: Database,
    kafka: KafkaSettings,
    service: str,
    topics: Sequence[Topic],
    *,
    recreate: bool = False,
    stream_id: UUID | None = None,
    replication: int = 1,
) -> Republished:
    """Send all that the relay has passed, of these topics (or of one stream), once more.

    With `recreate` the topics are dropped and made anew first, which forgets what they held.
    Raises ValueError for a topic of another service, and Stalled from the producer.
    """
    strangers = [topic.name for topic in topics if topic.owner != service]
    if strangers:
        raise ValueError(f"{service} does not own {', '.join(strangers)}")
    if recreate:
        await drop_topics(kafka, topics)
        await create_topics(kafka, topics, replication=replication)
    async with database.reading() as work:
        # Read after the topics are new: the relay may have sent up to here into the old ones.
        up_to: int = await work.connection.fetchval(_UP_TO)
        epoch: int = await work.connection.fetchval(_EPOCH)
    sender = Sender(kafka, f"{service}-republish")
    types = [topic.stream_type for topic in topics]
    sent = position = 0
    try:
        while True:
            async with database.reading() as work:
                rows = await work.connection.fetch(_SLICE, position, up_to, types, stream_id, SLICE)
            if not rows:
                return Republished(sent, up_to)
            await sender.send(
                [outgoing(r, service, kafka.prefix, epoch, republished=True) for r in rows]
            )
            sent += len(rows)
            position = rows[-1]["position"]
    finally:
        await sender.close()

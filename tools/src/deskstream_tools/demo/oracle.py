"""An independent look at what happened: the store's rows, the topic's records, the mailbox."""

from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from deskstream_events.topics import TICKETS

OPENED = "ticketing.ticket.opened.v1"


async def last_position(dsn: str) -> int:
    """The newest position of a store; 0 where it is empty."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval("select coalesce(max(position), 0) from events"))
    finally:
        await connection.close()


async def stored_since(dsn: str, position: int) -> Counter[UUID]:
    """How many `opened` events each ticket has in the store after a position."""
    connection = await asyncpg.connect(dsn)
    try:
        records = await connection.fetch(
            "select stream_id from events where type = $1 and position > $2", OPENED, position
        )
    finally:
        await connection.close()
    return Counter(UUID(str(record["stream_id"])) for record in records)


async def published_since(bootstrap: str, prefix: str, position: int) -> Counter[UUID]:
    """How many `opened` records each ticket has on the topic, from a store position on."""
    name = TICKETS.named(prefix)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    found: Counter[UUID] = Counter()
    try:
        partitions = [TopicPartition(name, n) for n in range(TICKETS.partitions)]
        ends = await consumer.end_offsets(partitions)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=500, max_records=5000)).values():
                found.update(_opened(records, position))
    finally:
        await consumer.stop()
    return found


def _opened(records: list[Any], position: int) -> list[UUID]:
    tickets = []
    for record in records:
        headers = dict(record.headers)
        if headers["ce_type"].decode() == OPENED and int(headers["ce_position"]) > position:
            tickets.append(UUID(headers["ce_subject"].decode()))
    return tickets

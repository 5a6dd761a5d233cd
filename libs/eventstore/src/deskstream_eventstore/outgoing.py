"""Stored events as records of the log, and sending them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordTooLargeError

from deskstream_events import Envelope, Meta, topic_of
from deskstream_events.envelope import Headers
from deskstream_eventstore.kafka import KafkaSettings, producer
from deskstream_eventstore.tracing import PublishSpans

COLUMNS = (
    "position, stream_id, stream_type, version, event_id, type, data::text as payload, "
    "meta, recorded_at"
)
_AT = '{"at":"'
"""How payloads begin: `at` is every event's first field."""
TOO_LARGE = (MessageSizeTooLargeError, RecordTooLargeError)


@dataclass(frozen=True)
class Outgoing:
    """One record to be."""

    position: int
    stream_id: UUID
    topic: str
    key: bytes
    value: bytes
    headers: Headers
    recorded_at: datetime


def outgoing(
    row: asyncpg.Record,
    service: str,
    prefix: str,
    epoch: int,
    *,
    republished: bool = False,
    spans: PublishSpans | None = None,
) -> Outgoing:
    """From a row with COLUMNS: the stored bytes, untouched, and the envelope as headers.

    With `spans` the header `ce_traceparent` is that of the batch's span in the fact's trace.
    """
    meta = row["meta"]
    if spans is not None and meta["traceparent"] is not None:
        meta = {**meta, "traceparent": spans.within(meta["traceparent"])}
    envelope = Envelope(
        event_id=row["event_id"],
        type=row["type"],
        source=service,
        stream_id=row["stream_id"],
        version=row["version"],
        position=row["position"],
        at=_at(row["payload"]),
        meta=Meta.from_json(meta),
        relay_epoch=epoch,
        republished=republished,
    )
    return Outgoing(
        position=row["position"],
        stream_id=row["stream_id"],
        topic=topic_of(row["stream_type"]).named(prefix),
        key=str(row["stream_id"]).encode(),
        value=row["payload"].encode(),
        headers=envelope.to_headers(),
        recorded_at=row["recorded_at"],
    )


def _at(payload: str) -> datetime:
    """The fact's time. Not asked of PostgreSQL, whose `->>` fails on a text that holds a NUL."""
    if payload.startswith(_AT):
        return datetime.fromisoformat(payload[len(_AT) : payload.index('"', len(_AT))])
    return datetime.fromisoformat(json.loads(payload)["at"])


class Stalled(Exception):
    """The broker did not acknowledge in time, or refused the producer's sequence."""


class Sender:
    """A producer that is thrown away and made anew when it stalls: idempotent batches never expire
    by themselves, and after a refused batch its sequence is broken."""

    def __init__(self, kafka: KafkaSettings, client_id: str, *, patience: float = 20.0) -> None:
        self._kafka = kafka
        self._client_id = client_id
        self._patience = patience
        self._producer: AIOKafkaProducer | None = None

    async def send(self, records: Sequence[Outgoing]) -> None:
        """Send and wait for every acknowledgement. Raises Stalled, or one of TOO_LARGE."""
        try:
            async with asyncio.timeout(self._patience):
                active = await self._started()
                futures = [await self._one(active, record) for record in records]
                await asyncio.gather(*futures)
        except TOO_LARGE:
            await self.reset()
            raise
        except Exception as error:
            await self.reset()
            raise Stalled(type(error).__name__) from error

    async def _one(self, active: AIOKafkaProducer, record: Outgoing) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = await active.send(
            record.topic, record.value, key=record.key, headers=record.headers
        )
        return future

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            fresh = producer(self._kafka, self._client_id)
            try:
                await fresh.start()
            except BaseException:
                await fresh.stop()
                raise
            self._producer = fresh
        return self._producer

    async def reset(self) -> None:
        """Drop the producer with all it still holds; what was not acknowledged is sent again."""
        dropped, self._producer = self._producer, None
        if dropped is not None:
            await discard(dropped)

    async def close(self) -> None:
        """End the producer after its last acknowledgements."""
        await self.reset()


async def discard(dropped: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for batches that may never be delivered."""
    task = dropped._sender.sender_task
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=5)
    await dropped.stop()

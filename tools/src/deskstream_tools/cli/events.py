"""`desk events`: a topic as a person reads it."""

import asyncio
import json
from contextlib import suppress
from typing import Annotated, Any

import typer
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from deskstream_events import REDACTED, TOPICS, BadEnvelope, Envelope, UnknownEventType, registry
from deskstream_events.personal import overwrite_personal
from deskstream_tools.cli.common import AsJson, Data, Personal, fail, known_stack

HIDDEN = "[hidden]"


def events(
    topic: Annotated[str, typer.Argument(help="Such as ticketing.ticket.v1.")],
    personal: Personal = False,
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", "-f", help="Wait for more.")
    ] = False,
    last: Annotated[int, typer.Option(help="Only the newest n of each partition.")] = 50,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Print a topic's events; personal fields are hidden unless asked for.

    Examples: `desk events ticketing.ticket.v1` · `desk events gateway.user.v1 --follow --json`
    """
    settings = known_stack(data).settings
    found = next((t for t in TOPICS if t.name == topic), None)
    if found is None:
        raise fail(f"no topic {topic!r}; there are {', '.join(t.name for t in TOPICS)}", 2)

    def write(record: "ConsumerRecord[bytes, bytes]") -> None:
        read = json_line if as_json else line
        typer.echo(read(record, personal=personal))

    name = found.named(settings.topic_prefix)
    partitions = [TopicPartition(name, number) for number in range(found.partitions)]
    with suppress(KeyboardInterrupt):
        asyncio.run(_tail(settings.bootstrap, partitions, last, write, follow=follow))


async def _tail(
    bootstrap: str, partitions: list[TopicPartition], last: int, write: Any, *, follow: bool
) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        for part in partitions:
            consumer.seek(part, max(begins[part], ends[part] - last))
        await _print_until(consumer, ends, write)
        while follow:
            for record in _in_order(await consumer.getmany(timeout_ms=1000)):
                write(record)
    finally:
        await consumer.stop()


async def _print_until(
    consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int], write: Any
) -> None:
    kept: list[ConsumerRecord[bytes, bytes]] = []
    while any([await consumer.position(part) < end for part, end in ends.items()]):
        kept += _in_order(await consumer.getmany(timeout_ms=500))
    for record in sorted(kept, key=lambda r: r.timestamp):
        write(record)


def _in_order(batch: dict[Any, list[Any]]) -> list[Any]:
    return sorted((r for records in batch.values() for r in records), key=lambda r: r.timestamp)


def line(record: "ConsumerRecord[bytes, bytes]", *, personal: bool) -> str:
    """One event on one line: when, what, which stream and version, who, the fields."""
    shown = readable(record, personal=personal)
    fields = " ".join(f"{n}={json.dumps(v, ensure_ascii=False)}" for n, v in shown["data"].items())
    return (
        f"{shown['at'][:23]}  {shown['type']}  {shown['stream_id']}#{shown['version']}  "
        f"{shown['actor']}  {fields}"
    )


def json_line(record: "ConsumerRecord[bytes, bytes]", *, personal: bool) -> str:
    """The same as one JSON document."""
    return json.dumps(readable(record, personal=personal), ensure_ascii=False)


def readable(record: "ConsumerRecord[bytes, bytes]", *, personal: bool) -> dict[str, Any]:
    """What is shown of a record. Of what cannot be read nothing but its place is shown."""
    try:
        envelope = Envelope.from_headers(record.headers)
        model = registry.find(envelope.type)
        payload = json.loads(record.value or b"null")
        fields = payload if personal else _hidden(overwrite_personal(model, payload))
    except (BadEnvelope, UnknownEventType, ValueError, AttributeError) as wrong:
        where = f"partition {record.partition} offset {record.offset}"
        reason = type(wrong).__name__
        return dict.fromkeys(("at", "stream_id", "version", "actor"), "?") | {
            "type": f"unreadable ({reason}) at {where}",
            "data": {},
        }
    return {
        "at": envelope.at.isoformat(),
        "type": envelope.type,
        "stream_id": str(envelope.stream_id),
        "version": envelope.version,
        "actor": envelope.meta.actor,
        "correlation_id": envelope.meta.correlation_id,
        "republished": envelope.republished,
        "data": {name: value for name, value in fields.items() if name != "at"},
    }


def _hidden(fields: dict[str, Any]) -> dict[str, Any]:
    marked: dict[str, Any] = json.loads(
        json.dumps(fields).replace(json.dumps(REDACTED), json.dumps(HIDDEN))
    )
    return marked

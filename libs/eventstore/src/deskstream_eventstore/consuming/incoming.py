"""From a Kafka record to an event. Nothing in here raises: what cannot be read is a letter."""

import base64
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from asyncpg.pgproto.pgproto import UUID
from pydantic import ValidationError
from pydantic_core import from_json

from deskstream_events import Event, Meta, Topic, UnknownEventType, registry

LARGEST_VERSION = 2**31 - 2


class Record(Protocol):
    """What is used of aiokafka's ConsumerRecord."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Incoming:
    """A readable event. `event` is None where the consumer has no handler for its type."""

    __slots__ = (
        "at",
        "attributes",
        "data",
        "event",
        "headers",
        "id",
        "offset",
        "parked",
        "partition",
        "republished",
        "stream_id",
        "topic",
        "type",
        "version",
    )

    def __init__(self, headers: Sequence[tuple[str, bytes]]) -> None:
        """Raises what is wrong with the headers.

        The same rules as `Envelope.from_headers`, for a third of its 9 µs: this runs for each
        event, and most of an envelope is looked at for few.
        """
        found = dict(headers)
        if len(found) != len(headers) or not b"".join(found.values()).isascii():
            raise ValueError("headers")
        self.headers = headers
        self.attributes = found
        self.id: uuid.UUID = UUID(found["ce_id"].decode())
        self.stream_id: uuid.UUID = UUID(found["ce_subject"].decode())
        self.version = int(found["ce_sequence"])
        self.type = found["ce_type"].decode()
        self.at = datetime.fromisoformat(found["ce_time"].decode())
        if not 0 < self.version <= LARGEST_VERSION or self.at.tzinfo is None:
            raise ValueError("version or time")
        int(found["ce_position"]), int(found.get("ce_relayepoch", b"0"))
        self.republished = found.get("ce_republished") == b"true"
        self.event: Event | None = None
        self.data: dict[str, Any] = {}
        self.topic, self.partition, self.offset = "", 0, 0
        self.parked = False
        """It comes from `parked_event`, not from the log."""

    def came(self, topic: str, partition: int, offset: int) -> None:
        """Where it was in the log."""
        self.topic, self.partition, self.offset = topic, partition, offset

    def meta(self) -> Meta:
        """Who and why, without the subjects, which stay in the store."""
        found = self.attributes
        cause, trace = found.get("ce_causationid"), found.get("ce_traceparent")
        return Meta(
            found.get("ce_actor", b"").decode(),
            found.get("ce_correlationid", b"").decode(),
            cause.decode() if cause else None,
            trace.decode() if trace else None,
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record to be kept as a dead letter, bytes and all."""

    topic: str
    partition: int
    offset: int
    headers: list[list[str]]
    value: bytes | None
    code: str

    @property
    def digest(self) -> bytes:
        """Tells records apart that had the same place in a topic that was made anew."""
        text = json.dumps(self.headers).encode() + b"\0" + (self.value or b"\0null")
        return hashlib.sha256(text).digest()


class _Refused(Exception):
    """With a stable code as its only argument."""


class Reader:
    """Reads the records of one consumer: its topics, and which types it has handlers for."""

    def __init__(self, topics: Mapping[str, Topic], handled: Collection[str]) -> None:
        self._topics = topics
        self._handled = frozenset(handled)

    def read(self, record: Record) -> Incoming | Unreadable:
        """Codes: bad_headers, null_value, bad_json, unknown_type, wrong_topic, bad_payload."""
        topic = self._topics.get(record.topic)
        name = topic.name if topic else record.topic
        try:
            return self._read(record, topic, name)
        except _Refused as refusal:
            code = str(refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, the bytes are kept as a letter
            code = f"unreadable_{type(error).__name__}"
        return Unreadable(
            name,
            record.partition,
            record.offset,
            packed(record.headers),
            record.value,
            code,
        )

    def _read(self, record: Record, topic: Topic | None, name: str) -> Incoming:
        try:
            item = Incoming(record.headers)
        except (KeyError, ValueError, TypeError):
            raise _Refused("bad_headers") from None
        if not record.value:
            raise _Refused("null_value")
        item.data = _json(record.value)
        item.came(name, record.partition, record.offset)
        event_class = _class_of(item.type)
        if topic is not None and event_class.STREAM_TYPE != topic.stream_type:
            raise _Refused("wrong_topic")
        if event_class.TYPE in self._handled:
            item.event = event_of(item.type, item.data)
        return item

    def unpark(self, stored: Mapping[str, Any]) -> Incoming:
        """An event that `park` wrote. Raises what is wrong with it (a redacted one is readable)."""
        item = Incoming(unpacked(stored["headers"]))
        item.data = stored["data"]
        item.came(stored["topic"], stored["partition"], stored["offset"])
        item.parked = True
        if _class_of(item.type).TYPE in self._handled:
            item.event = event_of(item.type, item.data)
        return item


def park(item: Incoming) -> dict[str, Any]:
    """The JSON of `parked_event.event`: `type` and `data` are what redaction works on."""
    return {
        "type": item.type,
        "data": _storable(item.data),
        "headers": packed(item.headers),
        "topic": item.topic,
        "partition": item.partition,
        "offset": item.offset,
    }


def _storable(data: dict[str, Any]) -> dict[str, Any]:
    """What PostgreSQL takes as JSON: a number too large for a float (`1e999`, in a field that we
    do not know, or it would not have been read) becomes null."""
    try:
        json.dumps(data, allow_nan=False)
    except ValueError:
        plain: dict[str, Any] = json.loads(json.dumps(data), parse_constant=lambda _: None)
        return plain
    return data


def packed(headers: Iterable[tuple[str, bytes | None]]) -> list[list[str]]:
    """Headers as JSON that any database takes, whatever bytes are in them."""
    return [
        [name.encode("unicode_escape").decode("ascii"), base64.b64encode(value or b"").decode()]
        for name, value in headers
    ]


def unpacked(headers: Sequence[Sequence[str]]) -> list[tuple[str, bytes]]:
    """The inverse of `packed`."""
    return [
        (name.encode("ascii").decode("unicode_escape"), base64.b64decode(value))
        for name, value in headers
    ]


def event_of(type_: str, data: dict[str, Any]) -> Event:
    """Upcast and validate; refused as `bad_payload`."""
    try:
        return registry.read(type_, data)
    except (ValidationError, KeyError, TypeError, ValueError):
        raise _Refused("bad_payload") from None


def _class_of(type_: str) -> type[Event]:
    try:
        return registry.find(type_)
    except UnknownEventType:
        raise _Refused("unknown_type") from None


def _json(value: bytes) -> dict[str, Any]:
    try:
        data = from_json(value, allow_inf_nan=False)
    except ValueError:
        raise _Refused("bad_json") from None
    if not isinstance(data, dict):
        raise _Refused("bad_json")
    return data

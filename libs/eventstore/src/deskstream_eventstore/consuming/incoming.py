"""From a Kafka record to an event. Nothing in here raises: what cannot be read is a letter."""

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import from_json

from deskstream_events import BadEnvelope, Envelope, Event, Topic, UnknownEventType, registry

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
        "data",
        "envelope",
        "event",
        "id",
        "offset",
        "parked",
        "partition",
        "stream_id",
        "topic",
        "version",
    )

    def __init__(
        self,
        envelope: Envelope,
        event: Event | None,
        data: dict[str, Any],
        topic: str,
        partition: int,
        offset: int,
        *,
        parked: bool = False,
    ) -> None:
        self.envelope = envelope
        self.event = event
        self.data = data
        self.topic, self.partition, self.offset = topic, partition, offset
        self.parked = parked
        """It comes from `parked_event`, not from the log."""
        self.id: UUID = envelope.event_id
        self.stream_id: UUID = envelope.stream_id
        self.version: int = envelope.version


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
            envelope = Envelope.from_headers(record.headers)
        except BadEnvelope:
            raise _Refused("bad_headers") from None
        if not 0 < envelope.version <= LARGEST_VERSION or envelope.at.tzinfo is None:
            raise _Refused("bad_headers")
        if not record.value:
            raise _Refused("null_value")
        data = _json(record.value)
        event_class = _class_of(envelope.type)
        if topic is not None and event_class.STREAM_TYPE != topic.stream_type:
            raise _Refused("wrong_topic")
        handled = event_class.TYPE in self._handled
        event = event_of(envelope.type, data) if handled else None
        return Incoming(envelope, event, data, name, record.partition, record.offset)

    def unpark(self, stored: Mapping[str, Any]) -> Incoming:
        """An event that `park` wrote. Raises what is wrong with it (a redacted one is readable)."""
        envelope = Envelope.from_headers(unpacked(stored["headers"]))
        data = stored["data"]
        handled = _class_of(envelope.type).TYPE in self._handled
        event = event_of(envelope.type, data) if handled else None
        place = (stored["topic"], stored["partition"], stored["offset"])
        return Incoming(envelope, event, data, *place, parked=True)


def park(item: Incoming) -> dict[str, Any]:
    """The JSON of `parked_event.event`: `type` and `data` are what redaction works on."""
    return {
        "type": item.envelope.type,
        "data": _storable(item.data),
        "headers": packed(item.envelope.to_headers()),
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

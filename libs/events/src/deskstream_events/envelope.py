"""CloudEvents 1.0, binary mode: what travels beside the payload, as Kafka headers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

Headers = list[tuple[str, bytes]]

_SPEC = ("ce_specversion", b"1.0")
_REPUBLISHED = ("ce_republished", b"true")
_JSON = ("content-type", b"application/json")


class BadEnvelope(ValueError):
    """Headers that do not form an envelope; the message names the header, never its value."""


@dataclass(frozen=True)
class Meta:
    """Who and why. Kept in the store's `meta` column and carried as headers.

    `actor` is an opaque id (`user:<uuid>`, `key:<id>`, `system:<name>`), never a name.
    `subjects` are keyed hashes of the people concerned and stay in the store.
    """

    actor: str
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    subjects: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the `meta` column."""
        return {
            "actor": self.actor,
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "traceparent": self.traceparent,
            "subjects": list(self.subjects),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Meta":
        """From the `meta` column."""
        return cls(
            data["actor"],
            data["correlation_id"],
            data.get("causation_id"),
            data.get("traceparent"),
            tuple(data.get("subjects", ())),
        )


@dataclass(frozen=True)
class Envelope:
    """The attributes of one published event."""

    event_id: UUID
    type: str
    source: str
    stream_id: UUID
    version: int
    position: int
    at: datetime
    meta: Meta
    relay_epoch: int
    republished: bool = False

    def to_headers(self) -> Headers:
        """Kafka headers, ASCII only; what is empty is left out."""
        meta = self.meta
        pairs = (
            ("ce_id", str(self.event_id)),
            ("ce_source", self.source),
            ("ce_type", self.type),
            ("ce_subject", str(self.stream_id)),
            ("ce_time", self.at.isoformat()),
            ("ce_sequence", str(self.version)),
            ("ce_position", str(self.position)),
            ("ce_correlationid", meta.correlation_id),
            ("ce_causationid", meta.causation_id),
            ("ce_actor", meta.actor),
            ("ce_traceparent", meta.traceparent),
            ("ce_relayepoch", str(self.relay_epoch)),
        )
        headers = [_SPEC, *[(name, value.encode("ascii")) for name, value in pairs if value]]
        if self.republished:
            headers.append(_REPUBLISHED)
        headers.append(_JSON)
        return headers

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> "Envelope":
        """Read headers as they came from Kafka. Raises BadEnvelope."""
        found: dict[str, str] = {}
        for name, value in headers:
            if name in found:
                raise BadEnvelope(f"{name} appears twice")
            try:
                found[name] = value.decode("ascii")
            except (UnicodeDecodeError, AttributeError):
                raise BadEnvelope(f"{name} is not ASCII") from None
        name = ""
        try:
            name = "ce_id"
            event_id = UUID(found[name])
            name = "ce_subject"
            stream_id = UUID(found[name])
            name = "ce_sequence"
            version = int(found[name])
            name = "ce_position"
            position = int(found[name])
            name = "ce_time"
            at = datetime.fromisoformat(found[name])
            name = "ce_relayepoch"
            epoch = int(found.get(name, "0"))
            name = "ce_type"
            type_ = found[name]
        except (KeyError, ValueError):
            raise BadEnvelope(f"{name} is missing or malformed") from None
        return cls(
            event_id=event_id,
            type=type_,
            source=found.get("ce_source", ""),
            stream_id=stream_id,
            version=version,
            position=position,
            at=at,
            meta=Meta(
                actor=found.get("ce_actor", ""),
                correlation_id=found.get("ce_correlationid", ""),
                causation_id=found.get("ce_causationid"),
                traceparent=found.get("ce_traceparent"),
            ),
            relay_epoch=epoch,
            republished=found.get("ce_republished") == "true",
        )

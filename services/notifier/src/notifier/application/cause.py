"""The fact behind a mail: when it was, who caused it, and whether it may still cause one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from deskstream_eventstore import Effect, Origin

ACTOR = "system:notifier"

Standing = Literal["pending", "held", "muted"]
"""As the event store says of each fact: live, older than 48 h, or republished (design 01 §5)."""


@dataclass(frozen=True)
class Cause:
    """`origin` carries correlation and trace on, and the fact's id as the causation."""

    event_id: UUID
    at: datetime
    standing: Standing
    origin: Origin


def payload_of(message_id: UUID, origin: Origin) -> dict[str, Any]:
    """What the ledger row of a message holds: ids only."""
    return {
        "message_id": str(message_id),
        "correlation_id": origin.correlation_id,
        "causation_id": origin.causation_id,
        "traceparent": origin.traceparent,
    }


def origin_of(effect: Effect) -> Origin:
    """That of the fact which called for the mail."""
    return Origin(
        actor=ACTOR,
        correlation_id=effect.payload["correlation_id"],
        causation_id=effect.payload["causation_id"],
        traceparent=effect.payload["traceparent"],
    )


def message_of(effect: Effect) -> UUID:
    """The message that the effect is to mail."""
    return UUID(effect.payload["message_id"])

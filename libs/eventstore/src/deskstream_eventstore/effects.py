"""Outside effects: one row per call of a provider, written with the decision that asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import text

from deskstream_eventstore.consuming.delivery import current_standing
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Origin, Work


@dataclass(frozen=True)
class Effect:
    """One call to be made. `key` is the same for every try: it makes a provider's own key."""

    key: str
    kind: str
    payload: dict[str, Any]
    attempts: int
    """Including the one at hand."""
    stream: tuple[str, UUID] | None = None
    """Whom it belongs to."""
    correlation_id: str | None = None
    """Of the command that it goes back to, for logs."""


@dataclass(frozen=True)
class Sent:
    """The provider has accepted it. `detail` is kept with the row (recipients it refused)."""

    provider_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    confirmed_by_staff: bool = False
    """The outcome had been unknown, and a person says that it happened."""


@dataclass(frozen=True)
class Failed:
    """Refused for good; nothing happened outside."""

    code: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Retry:
    """Nothing happened outside, a later try may succeed. Without `after` a growing pause."""

    code: str
    after: timedelta | float | None = None


@dataclass(frozen=True)
class Unknown:
    """It may have happened: never repeated by itself, held for a person."""

    code: str
    detail: Mapping[str, Any] = field(default_factory=dict)


Outcome = Sent | Failed | Retry | Unknown


_PLAN = compiled(
    text(
        "insert into side_effect"
        " (key, kind, status, payload, stream_type, stream_id, origin, next_try_at)"
        " values (:key, :kind, :status, :payload, :stream_type, :stream_id, :origin,"
        "  coalesce(cast(:due as timestamptz), clock_timestamp()))"
        " on conflict (key) do nothing returning key"
    )
)


async def plan_effect(
    work: Work,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    *,
    status: str = "pending",
    stream: tuple[str, UUID] | None = None,
    due: datetime | None = None,
    origin: Origin | None = None,
) -> bool:
    """Write the row of an effect in the caller's transaction; False if the key is there already.

    Only `pending` rows ever go out, from `due` on (the machine's clock). While a consumer handles
    a fact, a `pending` effect becomes what the fact's standing says: `muted` if it was republished,
    `held` if it is older than 48 h, whatever the handler knows. `payload` holds no personal data:
    what is to be said about a person is read when it is performed.
    """
    if status == "pending":
        status = current_standing()
    told = origin or work.origin
    row = await _PLAN.value(
        work,
        key=key,
        kind=kind,
        status=status,
        payload=dict(payload),
        stream_type=stream[0] if stream else None,
        stream_id=stream[1] if stream else None,
        origin={"actor": told.actor, "correlation_id": told.correlation_id} if told else None,
        due=due,
    )
    return row is not None


def effect_of(row: asyncpg.Record) -> Effect:
    """From a row of `side_effect`."""
    stream = (row["stream_type"], UUID(bytes=row["stream_id"].bytes)) if row["stream_id"] else None
    correlation = (row.get("origin") or {}).get("correlation_id")
    return Effect(row["key"], row["kind"], row["payload"], row["attempts"], stream, correlation)

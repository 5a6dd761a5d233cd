"""Replays of parked events and dead letters, by people who say why. Each is kept in `operation`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.consuming.incoming import Incoming, unpacked
from deskstream_eventstore.consuming.patience import Patience
from deskstream_eventstore.consuming.processor import Processor, utc_now
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Database, Work

_LETTER = compiled(
    text(
        'select consumer, topic, partition, "offset", headers, value from dead_letter'
        " where id = :id"
    )
)
_REPLAYED = compiled(
    text(
        "update dead_letter set replayed_at = clock_timestamp(), replayed_by = :actor,"
        " reason = :reason where id = :id"
    )
)
_LEFT = compiled(
    text(
        "select count(*) as n, (array_agg(error_code order by version))[1] as code"
        " from parked_event where consumer = :consumer and stream_id = :stream_id"
    )
)
_NOTED = compiled(
    text(
        "insert into operation (id, actor, action, target, reason, outcome)"
        " values (:id, :actor, :action, :target, :reason, :outcome)"
    )
)
ONCE = Patience(tries=1, budget=30.0)


class NotThere(StoreError):
    """Nothing of that id is parked, dead or held; or its consumer is not of this service."""


class StillUnreadable(StoreError):
    """The letter cannot be read by this version either; `code` says why. Nothing changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Replay:
    """`applied` events; `left` parked events of the stream, the first of them for `error_code`.

    `known`: the event had been applied before, so nothing was done.
    """

    outcome: Literal["applied", "parked", "known"]
    applied: int
    left: int
    error_code: str | None


@dataclass(frozen=True)
class _Stored:
    topic: str
    partition: int
    offset: int
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


async def replay_parked(
    database: Database,
    consumers: Sequence[Consumer],
    consumer: str,
    stream_id: UUID,
    *,
    actor: str,
    reason: str,
    now: Callable[[], datetime] = utc_now,
) -> Replay:
    """Apply what is parked of a stream, in version order, as far as it goes; one try each.

    Raises NotThere. Safe at any time and any number of times: it goes through the inbox.
    """
    processor = _processor(database, consumers, consumer, now)
    if not (await _left(database, consumer, stream_id))["n"]:
        raise NotThere(f"{consumer}: nothing parked of this stream")
    applied = await processor.drain(stream_id)
    left = await _left(database, consumer, stream_id)
    done = Replay("parked" if left["n"] else "applied", applied, left["n"], left["code"])
    await _note(database, actor, "replay_parked", f"{consumer}/{stream_id}", reason, done.outcome)
    return done


async def replay_dead_letter(
    database: Database,
    consumers: Sequence[Consumer],
    letter_id: UUID,
    *,
    actor: str,
    reason: str,
    now: Callable[[], datetime] = utc_now,
) -> Replay:
    """Read a dead letter again and apply it, and what waited behind it; one try.

    Raises NotThere, StillUnreadable. A second replay finds the event known: same end state.
    """
    async with database.reading() as work:
        row = await _LETTER.row(work, id=letter_id)
    if row is None:
        raise NotThere("no such dead letter")
    consumer = row["consumer"]
    processor = _processor(database, consumers, consumer, now)
    item = processor.read(
        _Stored(
            row["topic"], row["partition"], row["offset"], unpacked(row["headers"]), row["value"]
        )
    )
    if not isinstance(item, Incoming):
        await _note(database, actor, "replay_dead_letter", str(letter_id), reason, item.code)
        raise StillUnreadable(item.code)
    before = (await _left(database, consumer, item.stream_id))["n"]
    applied = await processor.replay(item)
    left = await _left(database, consumer, item.stream_id)
    behind = max(0, before - left["n"])
    if applied:
        outcome: Literal["applied", "parked", "known"] = "applied"
    else:
        outcome = "parked" if left["n"] > before or left["n"] else "known"
    done = Replay(outcome, applied + (behind if applied else 0), left["n"], left["code"])
    async with database.work() as work:
        await _REPLAYED.execute(work, id=letter_id, actor=actor, reason=reason)
        await note(work, actor, "replay_dead_letter", str(letter_id), reason, done.outcome)
    return done


async def note(work: Work, actor: str, action: str, target: str, reason: str, outcome: str) -> None:
    """Keep who did what and why."""
    await _NOTED.execute(
        work,
        id=uuid7(),
        actor=actor,
        action=action,
        target=target,
        reason=reason,
        outcome=outcome,
    )


async def _note(
    database: Database, actor: str, action: str, target: str, reason: str, outcome: str
) -> None:
    async with database.work() as work:
        await note(work, actor, action, target, reason, outcome)


async def _left(database: Database, consumer: str, stream_id: UUID) -> Any:
    async with database.reading() as work:
        return await _LEFT.row(work, consumer=consumer, stream_id=stream_id)


def _processor(
    database: Database, consumers: Sequence[Consumer], name: str, now: Callable[[], datetime]
) -> Processor:
    for consumer in consumers:
        if consumer.name == name:
            return Processor(database, consumer, patience=ONCE, now=now)
    raise NotThere(f"{name} is not a consumer of this service")

"""How far a service is behind, and what its consumers have set aside."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import text

from deskstream_eventstore.consumer import Consumer
from deskstream_eventstore.consuming.group_lag import group_lag
from deskstream_eventstore.kafka import KafkaSettings
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Database


@dataclass(frozen=True)
class SetAside:
    """Of one consumer; ages in seconds, 0 without rows."""

    consumer: str
    parked: int = 0
    oldest_parked_seconds: float = 0.0
    dead_letters: int = 0
    oldest_dead_letter_seconds: float = 0.0


@dataclass(frozen=True)
class RelayLag:
    """Stored events that the relay has not passed yet."""

    unpublished: int
    oldest_age_seconds: float
    held: int
    """Events of streams that the broker refuses."""


@dataclass(frozen=True)
class ConsumerLag(SetAside):
    """With how many records it is behind (None: the broker does not answer, or was not asked) and
    for how long it has applied nothing (None: never yet)."""

    lag: int | None = None
    idle_seconds: float | None = None


@dataclass(frozen=True)
class Lag:
    """Of one service: what it has still to tell, and what it has still to hear."""

    relay: RelayLag
    consumers: list[ConsumerLag]


_PARKED_COUNTS = compiled(
    text(
        "select consumer, count(*) as n,"
        " extract(epoch from clock_timestamp() - min(parked_at)) as age"
        " from parked_event group by consumer"
    )
)
_LETTER_COUNTS = compiled(
    text(
        "select consumer, count(*) as n, extract(epoch from clock_timestamp() - min(at)) as age"
        " from dead_letter where replayed_at is null group by consumer"
    )
)
_RELAY = compiled(
    text(
        "select count(*) as n,"
        " coalesce(extract(epoch from clock_timestamp() - min(recorded_at)), 0) as age,"
        " (select count(*) from relay_held) as held"
        " from events where position > (select coalesce(max(position), 0) from relay_checkpoint)"
    )
)


_IDLE = compiled(
    text(
        "select c.consumer, extract(epoch from clock_timestamp() - c.at) as age from ("
        " with recursive names as ("
        "  (select consumer from inbox order by consumer limit 1) union all"
        "  select (select i.consumer from inbox i where i.consumer > n.consumer"
        "   order by i.consumer limit 1) from names n where n.consumer is not null)"
        " select n.consumer, (select max(i.processed_at) from inbox i"
        "  where i.consumer = n.consumer) as at from names n where n.consumer is not null) c"
    )
)


async def set_aside(database: Database) -> dict[str, SetAside]:
    """By consumer name; a consumer without any has zeros."""
    async with database.reading() as work:
        parked = {r["consumer"]: r for r in await _PARKED_COUNTS.fetch(work)}
        letters = {r["consumer"]: r for r in await _LETTER_COUNTS.fetch(work)}
    counts: dict[str, SetAside] = defaultdict(lambda: SetAside(""))
    for name in sorted(parked.keys() | letters.keys()):
        p, d = parked.get(name), letters.get(name)
        counts[name] = SetAside(
            name,
            p["n"] if p else 0,
            float(p["age"]) if p else 0.0,
            d["n"] if d else 0,
            float(d["age"]) if d else 0.0,
        )
    return counts


async def lag(
    database: Database,
    kafka: KafkaSettings | None = None,
    consumers: Sequence[Consumer] = (),
) -> Lag:
    """How far the relay is behind, and each consumer: those given, and any with something set
    aside. The broker is asked only where `kafka` is given, for at most 2 s."""
    async with database.reading() as work:
        row = await _RELAY.row(work)
        idle = {r["consumer"]: float(r["age"]) for r in await _IDLE.fetch(work)}
    assert row is not None
    aside = await set_aside(database)
    behind = await group_lag(kafka, consumers) if kafka and consumers else {}
    names = sorted({consumer.name for consumer in consumers} | aside.keys())
    return Lag(
        RelayLag(row["n"], float(row["age"]), row["held"]),
        [
            ConsumerLag(
                **{**asdict(aside[name]), "consumer": name},
                lag=behind.get(name),
                idle_seconds=idle.get(name),
            )
            for name in names
        ],
    )

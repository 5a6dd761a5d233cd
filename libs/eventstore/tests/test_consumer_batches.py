"""One transaction a batch: skip, apply, park, drain; and failures that hurt only their stream."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from following import (
    NAME,
    OLD,
    QUICK,
    SEEN,
    Behaviour,
    Record,
    Stream,
    consumer,
    one,
    record,
    seen,
)

from deskstream_events import REDACTED
from deskstream_events.ticketing.ticket import TicketPriorityChangedV1
from deskstream_eventstore import Database, Processor
from deskstream_eventstore.consuming.incoming import Incoming

PARKED = "select count(*) from parked_event"


@pytest.fixture
async def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
async def store(database: Database) -> Database:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    return database


@pytest.fixture
def processor(store: Database, behaviour: Behaviour) -> Processor:
    return Processor(store, consumer(behaviour), patience=QUICK)


async def test_a_batch_takes_effect_in_order(processor: Processor, store: Database) -> None:
    stream = Stream()
    await processor.process(stream.many(5))
    assert await seen(store) == [1, 2, 3, 4, 5]
    assert await one(store, "select last_version from stream_cursor") == 5


async def test_a_batch_of_a_hundred_costs_a_handful_of_round_trips(
    store: Database, processor: Processor
) -> None:
    statements: list[str] = []
    async with store.pool.acquire() as connection:
        for _warm_then_counted in range(2):
            items = [processor.read(stream.tagged()) for stream in _streams(100)]
            for item in items:
                assert isinstance(item, Incoming)
                item.event = None
            async with connection.transaction():
                work = store.on(connection, None)
                await processor._applier.apply(work, items, datetime.now(UTC))
            if not statements:
                connection.add_query_logger(lambda query: statements.append(query.query))
    assert 3 <= len(statements) <= 5, statements
    assert await one(store, "select count(*) from inbox") == 200


def _streams(count: int) -> list[Stream]:
    return [Stream() for _ in range(count)]


async def test_a_duplicate_is_skipped_in_another_batch_and_in_the_same(
    processor: Processor, store: Database
) -> None:
    records = Stream().many(3)
    await processor.process([*records, records[1]])
    await processor.process(records)
    assert await seen(store) == [1, 2, 3]


async def test_an_older_version_is_skipped_even_when_the_inbox_has_forgotten_it(
    processor: Processor, store: Database
) -> None:
    records = Stream().many(3)
    await processor.process(records)
    async with store.work() as work:
        await work.connection.execute("delete from inbox")
    await processor.process(records)
    assert await seen(store) == [1, 2, 3]


async def test_a_gap_parks_its_stream_only_and_drains_by_itself(
    processor: Processor, store: Database
) -> None:
    gapped, whole = Stream(), Stream()
    first, missing, third, fourth = gapped.many(4)
    await processor.process([first, third, fourth, *whole.many(2)])
    assert await seen(store, gapped.id) == [1]
    assert await seen(store, whole.id) == [1, 2]
    assert await one(store, "select array_agg(distinct error_code) from parked_event") == ["gap"]
    await processor.process([missing, gapped.tagged()])
    assert await seen(store, gapped.id) == [1, 2, 3, 4, 5]
    assert await one(store, PARKED) == 0


async def test_shuffled_and_repeated_deliveries_end_as_if_they_had_come_in_order(
    processor: Processor, store: Database
) -> None:
    dice = random.Random(7)
    streams = _streams(5)
    records = [r for s in streams for r in s.many(12)]
    records += dice.sample(records, 20)
    dice.shuffle(records)
    while records:
        count = dice.randint(1, 9)
        await processor.process(records[:count])
        records = records[count:]
    for stream in streams:
        assert await seen(store, stream.id) == list(range(1, 13))
    assert await one(store, PARKED) == 0


async def test_a_failing_event_parks_its_stream_and_the_others_flow_on(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    bad, good = Stream(), Stream()
    records = [bad.tagged(), bad.tagged("permanent"), bad.tagged(), *good.many(3)]
    await processor.process(records)
    await processor.process([bad.tagged(), *good.many(2)])
    assert await seen(store, bad.id) == [1]
    assert await seen(store, good.id) == [1, 2, 3, 4, 5]
    codes = "select array_agg(error_code order by version) from parked_event"
    assert await one(store, codes) == ["cannot_ever", "behind", "behind"]
    assert await one(store, "select attempts from parked_event where version = 2") == 1
    assert await one(store, "select count(*) from inbox") == 6, "what is parked is not in the inbox"
    await processor.process(records)
    assert await one(store, PARKED) == 3, "a redelivery changes nothing"


async def test_a_transient_failure_is_tried_again_and_then_parked_without_its_text(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    stream = Stream()
    await processor.process([stream.tagged("transient")])
    assert await one(store, "select attempts from parked_event") == QUICK.tries
    assert await one(store, "select error_code from parked_event") == "RuntimeError"


async def test_a_transient_failure_that_passes_leaves_no_trace(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    failures = iter([RuntimeError("x"), RuntimeError("x")])

    def fail() -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    behaviour.on["flaky"] = fail
    stream = Stream()
    await processor.process([stream.tagged(), stream.tagged("flaky"), stream.tagged()])
    assert await seen(store) == [1, 2, 3]
    assert await one(store, PARKED) == 0


async def test_a_catalogued_type_without_handler_only_advances(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    stream = Stream()
    event = TicketPriorityChangedV1(
        at=stream.at, ticket_id=stream.id, priority="high", previous="low"
    )
    await processor.process(
        [
            stream.tagged(),
            record(stream.envelope(event), event.model_dump_json().encode()),
            stream.tagged(),
        ]
    )
    assert await seen(store) == [1, 3]


def _unreadable() -> dict[str, Record]:
    def header(**changes: bytes) -> Record:
        made = Stream().tagged()
        made.headers = [(n, changes.get(n, v)) for n, v in made.headers]
        return made

    twice = Stream().tagged()
    twice.headers = [*twice.headers, twice.headers[0]]
    return {
        "bad_json": Stream().other("ticketing.ticket.tagged.v1", b"{not json"),
        "deep": Stream().other("ticketing.ticket.tagged.v1", b"[" * 200_000),
        "not_an_object": Stream().other("ticketing.ticket.tagged.v1", b"[]"),
        "bad_header_bytes": header(ce_id=b"\xff\xfe"),
        "no_headers": Record(b"{}", [], 3_000_001),
        "twice": twice,
        "huge_version": header(ce_sequence=b"99999999999999999999"),
        "version_zero": header(ce_sequence=b"0"),
        "naive_time": header(ce_time=b"2026-01-01T00:00:00"),
        "unknown_type": Stream().other("ticketing.ticket.sneezed.v1", b"{}"),
        "future_version": Stream().other("ticketing.ticket.tagged.v2", b"{}"),
        "wrong_topic": Stream().other("gateway.team.changed.v1", b"{}"),
        "null_value": Stream().other("ticketing.ticket.tagged.v1", None),
        "tombstone": Stream().other("ticketing.ticket.tagged.v1", b""),
        "not_a_number": Stream().other("ticketing.ticket.tagged.v1", b'{"tags": [], "x": NaN}'),
        "bad_payload": Stream().other("ticketing.ticket.tagged.v1", b'{"tags": 3}'),
        "nul": Stream().other("ticketing.ticket.tagged.v1", b'{"tags": "\x00"}'),
        "surrogate": Stream().other("ticketing.ticket.tagged.v1", b'{"tags": ["\\ud800"]}'),
    }


async def test_whatever_cannot_be_read_is_a_dead_letter_once_and_the_partition_goes_on(
    processor: Processor, store: Database
) -> None:
    bad = _unreadable()
    stream = Stream()
    await processor.process([stream.tagged(), *bad.values(), stream.tagged()])
    await processor.process(list(bad.values()))
    assert await seen(store) == [1, 2]
    assert await one(store, "select count(*) from dead_letter") == len(bad)
    kept = await one(
        store, 'select value from dead_letter where "offset" = $1', bad["bad_json"].offset
    )
    assert kept == b"{not json"


async def test_later_versions_park_behind_a_dead_letter(
    processor: Processor, store: Database
) -> None:
    stream = Stream()
    await processor.process(
        [stream.tagged(), stream.other("ticketing.ticket.sneezed.v1", b"{}"), stream.tagged()]
    )
    assert await seen(store) == [1]
    assert await one(store, "select version from parked_event") == 3


async def test_a_number_too_large_in_an_unknown_field_can_be_parked(
    processor: Processor, store: Database
) -> None:
    stream = Stream()
    first, second = stream.tagged(), stream.tagged()
    assert second.value is not None
    second.value = second.value[:-1] + b',"later":[1e999],"nul":"\\u0000"}'
    await processor.process([second])
    await processor.process([first])
    assert await seen(store) == [1, 2]


async def test_records_that_had_the_same_place_in_a_topic_made_anew_are_both_kept(
    processor: Processor, store: Database
) -> None:
    first, second = (
        Stream().other("ticketing.ticket.tagged.v1", b"{one"),
        Stream().other("ticketing.ticket.tagged.v1", b"{two"),
    )
    second.offset = first.offset
    await processor.process([first])
    await processor.process([second])
    assert await one(store, "select count(*) from dead_letter") == 2


async def test_offsets_set_back_to_the_beginning_end_in_the_same_state(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    bad = Stream()
    records = [
        *Stream().many(4),
        bad.tagged("permanent"),
        bad.tagged(),
        Stream().other("ticketing.ticket.sneezed.v1", b"{}"),
    ]
    state = (
        "select json_build_array((select count(*) from seen), (select count(*) from parked_event),"
        " (select count(*) from dead_letter), (select sum(last_version) from stream_cursor))"
    )
    await processor.process(records)
    before = await one(store, state)
    for start in range(0, len(records), 2):
        await processor.process(records[start : start + 2])
    assert await one(store, state) == before


async def test_an_unordered_consumer_sets_aside_one_event_alone(
    store: Database, behaviour: Behaviour
) -> None:
    processor = Processor(store, consumer(behaviour, ordered=False), patience=QUICK)
    stream = Stream()
    records = [stream.tagged(), stream.tagged("permanent"), stream.tagged()]
    await processor.process([records[2], records[0], records[1]])
    assert await seen(store) == [3, 1]
    assert await one(store, "select version from parked_event") == 2
    behaviour.broken = False
    assert await processor.drain(stream.id) == 1
    assert await seen(store) == [3, 1, 2]
    assert await one(store, PARKED) == 0


async def test_a_fact_carries_cause_trace_and_standing(
    processor: Processor, behaviour: Behaviour
) -> None:
    old, again, live = Stream(at=datetime.now(UTC) - OLD), Stream(), Stream()
    await processor.process([old.tagged(), again.tagged(republished=True), live.tagged()])
    assert [f.standing for f in behaviour.facts] == ["held", "muted", "pending"]
    origin = behaviour.facts[2].origin("system:test")
    assert origin.causation_id == str(behaviour.facts[2].event_id)
    assert origin.correlation_id == "corr-1"
    assert origin.traceparent is not None
    assert origin.traceparent.split("-")[1] == "a" * 32


async def test_effects_of_republished_and_of_old_events_never_start_by_themselves(
    processor: Processor, store: Database
) -> None:
    old, again, live = Stream(at=datetime.now(UTC) - OLD), Stream(), Stream()
    await processor.process(
        [
            old.tagged("effect"),
            again.tagged("effect", republished=True),
            live.tagged("effect"),
        ]
    )
    statuses = "select array_agg(status order by status) from side_effect"
    assert await one(store, statuses) == ["held", "muted", "pending"]


async def test_an_erased_persons_earlier_events_are_redacted_before_the_handler(
    processor: Processor, store: Database, behaviour: Behaviour
) -> None:
    now = datetime.now(UTC)
    before, after, other = Stream(at=now - timedelta(days=1)), Stream(at=now), Stream(at=now)
    async with store.work() as work:
        await work.connection.execute(
            "insert into erased (subject, at) values ($1, $2)",
            store.subjects.hash("mail:gone@example.com"),
            now - timedelta(hours=1),
        )
    await processor.process(
        [
            before.opened("Gone@example.com"),
            after.opened("gone@example.com"),
            other.opened("here@example.com"),
        ]
    )
    first, second, third = (fact.event for fact in behaviour.facts)
    assert (first.requester_email, first.body_text) == (REDACTED, REDACTED)
    assert second.requester_email == "gone@example.com"
    assert third.body_text == "t"


async def test_a_consumer_may_follow_only_what_the_catalogue_says() -> None:
    from deskstream_events import topics
    from deskstream_eventstore import Consumer

    with pytest.raises(ValueError, match="catalogue"):
        Consumer("notifier.mail", [topics.MESSAGES])
    assert NAME in topics.TICKETS.consumers
    assert uuid4()

"""What operators see and replay; personal data stays masked unless asked for."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from following import NAME, QUICK, SEEN, Behaviour, Stream, consumer, one, seen

from deskstream_events import REDACTED
from deskstream_events.event import registry
from deskstream_events.ticketing.ticket import TicketEvent
from deskstream_eventstore import (
    Consumer,
    Database,
    NotThere,
    Origin,
    Processor,
    StillUnreadable,
    ops,
    prune,
    redact,
    replay_dead_letter,
    replay_parked,
)
from deskstream_eventstore.ops import OperationRow


class Desk:
    """A store, its consumer, and an operator."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.behaviour = Behaviour()
        self.consumer: Consumer = consumer(self.behaviour)
        self.processor = Processor(database, self.consumer, patience=QUICK)

    async def replay(self, stream: Stream) -> tuple[str, int, int]:
        done = await replay_parked(
            self.database, [self.consumer], NAME, stream.id, actor="user:1", reason="fixed"
        )
        return done.outcome, done.applied, done.left

    async def replay_letter(self) -> tuple[str, int, int]:
        letter = (await ops.dead_letters(self.database))[0]
        done = await replay_dead_letter(
            self.database, [self.consumer], letter.id, actor="user:1", reason="fixed"
        )
        return done.outcome, done.applied, done.left

    async def state(self) -> tuple[object, ...]:
        return (
            await seen(self.database),
            await one(self.database, "select count(*) from parked_event"),
            await one(self.database, "select count(*) from inbox"),
            await one(self.database, "select array_agg(last_version) from stream_cursor"),
        )


@pytest.fixture
async def desk(database: Database) -> Desk:
    async with database.work() as work:
        await work.connection.execute(SEEN)
    return Desk(database)


async def test_a_replay_applies_a_parked_stream_in_order_and_unparks_it(desk: Desk) -> None:
    stream = Stream()
    await desk.processor.process([stream.tagged(), stream.tagged("permanent"), *stream.many(150)])
    assert await desk.replay(stream) == ("parked", 0, 151)
    desk.behaviour.broken = False
    assert await desk.replay(stream) == ("applied", 151, 0)
    assert await seen(desk.database) == list(range(1, 153))
    with pytest.raises(NotThere):
        await desk.replay(stream)
    await desk.processor.process([stream.tagged()])
    assert (await seen(desk.database))[-1] == 153, "the stream flows again"
    done = await ops.operations(desk.database)
    assert [(o.action, o.actor, o.reason, o.outcome) for o in done] == [
        ("replay_parked", "user:1", "fixed", "applied"),
        ("replay_parked", "user:1", "fixed", "parked"),
    ]
    assert isinstance(done[0], OperationRow)


async def test_a_replay_stops_at_the_next_failure(desk: Desk) -> None:
    stream = Stream()
    records = [stream.tagged("permanent"), stream.tagged(), stream.tagged("transient")]
    await desk.processor.process([*records, stream.tagged()])
    desk.behaviour.on["permanent"] = lambda: None
    desk.consumer.handlers.update(consumer(fixed := Behaviour(broken=True)).handlers)
    fixed.on["permanent"] = lambda: setattr(fixed, "broken", False)
    fixed.on["transient"] = lambda: setattr(fixed, "broken", True)
    assert await desk.replay(stream) == ("parked", 2, 2)
    waiting = await ops.parked(desk.database)
    assert [(p.version, p.error_code) for p in waiting] == [(3, "RuntimeError"), (4, "behind")]
    assert len(await ops.parked(desk.database, failed_only=True)) == 1


async def test_a_dead_letter_is_replayed_once_its_type_is_known_and_drains_its_stream(
    desk: Desk,
) -> None:
    stream = Stream()
    fact = f"ticketing.ticket.sneezed{uuid4().hex[:6]}.v1"
    value = f'{{"at": "2026-01-05T09:00:00Z", "ticket_id": "{stream.id}"}}'.encode()
    await desk.processor.process([stream.tagged(), stream.other(fact, value), *stream.many(3)])
    assert await desk.state() == ([1], 3, 1, [1])
    with pytest.raises(StillUnreadable, match="unknown_type"):
        await desk.replay_letter()
    registry.event(fact)(type("Sneezed", (TicketEvent,), {"__doc__": "For this test."}))
    try:
        assert await desk.replay_letter() == ("applied", 4, 0)
        once = await desk.state()
        assert once == ([1, 3, 4, 5], 0, 5, [5])
        assert await desk.replay_letter() == ("known", 0, 0)
        assert await desk.state() == once, "the same end state"
    finally:
        del registry._classes[fact]
    letter = (await ops.dead_letters(desk.database, replayed=True))[0]
    assert letter.replayed_by == "user:1"
    assert await ops.dead_letters(desk.database, replayed=False) == []


async def test_a_replayed_letter_that_fails_is_parked(desk: Desk) -> None:
    stream = Stream()
    good = stream.tagged("permanent")
    async with desk.database.work() as work:
        letter = desk.processor.read(stream.other("ticketing.ticket.tagged.v9", good.value))
        await desk.processor._applier.ledger.keep(work, [letter])  # type: ignore[list-item]
        await work.connection.execute("update dead_letter set headers = $1", _packed(good.headers))
    assert await desk.replay_letter() == ("parked", 0, 1)
    assert await desk.replay_letter() == ("parked", 0, 1)
    desk.behaviour.broken = False
    assert await desk.replay(stream) == ("applied", 1, 0)
    assert await desk.replay_letter() == ("known", 0, 0)
    assert await seen(desk.database) == [1]


def _packed(headers: object) -> object:
    from deskstream_eventstore.consuming.incoming import packed

    return packed(headers)  # type: ignore[arg-type]


async def test_nothing_is_replayed_for_a_consumer_of_another_service(desk: Desk) -> None:
    with pytest.raises(NotThere):
        await replay_parked(desk.database, [], NAME, uuid4(), actor="user:1", reason="r")
    with pytest.raises(NotThere):
        await replay_dead_letter(
            desk.database, [desk.consumer], uuid4(), actor="user:1", reason="r"
        )


async def test_lists_mask_personal_data_unless_asked(desk: Desk) -> None:
    stream, secret = Stream(), "someone@example.com"
    stream.tagged()
    bad = Stream().other("ticketing.ticket.tagged.v1", f'{{"tags": "{secret}"}}'.encode())
    bad.headers = [*bad.headers, ("x-note", secret.encode())]
    await desk.processor.process([stream.opened(secret), bad])
    parked = (await ops.parked(desk.database))[0]
    assert parked.data["requester_email"] == REDACTED
    assert parked.error_code == "gap"
    letter = (await ops.dead_letters(desk.database))[0]
    assert secret not in repr(letter)
    assert letter.headers["ce_type"] == "ticketing.ticket.tagged.v1"
    assert secret in repr(await ops.parked(desk.database, reveal=True))
    assert secret in repr(await ops.dead_letters(desk.database, reveal=True))


async def test_an_erased_person_is_taken_out_of_dead_letters(desk: Desk) -> None:
    gone, here = "gone@example.com", "here@example.com"
    known = [Stream().opened(gone), Stream().opened(here)]
    letters = [
        Stream().other("a.b.c.v1", known[0].value),
        Stream().other("a.b.c.v1", known[1].value),
    ]
    nobody_knows = Stream().other("a.b.c.v1", gone.encode())
    await desk.processor.process([*letters, nobody_knows])
    async with desk.database.work() as work:
        for letter, fixed in zip(letters, known, strict=True):
            await work.connection.execute(
                'update dead_letter set headers = $1 where "offset" = $2',
                _packed(fixed.headers),
                letter.offset,
            )
    subjects = [desk.database.subjects.hash(f"mail:{gone}")]
    by = Origin("system:test", "c")
    done = await redact(desk.database, by, lambda *_: None, subjects=subjects)
    assert done.letters == 2
    again = await redact(desk.database, by, lambda *_: None, subjects=subjects)
    assert again.letters == 0
    shown = repr(await ops.dead_letters(desk.database, reveal=True))
    assert gone not in shown
    assert shown.count(here) == 1


async def test_lists_can_be_filtered(desk: Desk) -> None:
    streams = [Stream(), Stream()]
    await desk.processor.process([s.tagged("permanent") for s in streams])
    await desk.processor.process([Stream().other("ticketing.ticket.sneezed.v1", b"{}")])
    assert len(await ops.parked(desk.database, consumer=NAME)) == 2
    assert len(await ops.parked(desk.database, stream_id=streams[0].id)) == 1
    assert len(await ops.parked(desk.database, error_code="gap")) == 0
    assert len(await ops.parked(desk.database, limit=1)) == 1
    assert len(await ops.dead_letters(desk.database, error_code="unknown_type")) == 1
    assert len(await ops.dead_letters(desk.database, consumer="x")) == 0


async def test_lag_counts_what_the_relay_has_not_passed_and_what_was_set_aside(
    desk: Desk,
) -> None:
    from deskstream_events.gateway.team import TeamChangedV1

    stream = uuid4()
    async with desk.database.work(Origin("system:test", "c")) as work:
        event = TeamChangedV1(at=datetime.now(UTC), team_id=stream, title="t", restricted=False)
        work.append("gateway.team", stream, 0, [event, event])
    await desk.processor.process([Stream().tagged("permanent")])
    lag = await ops.lag(desk.database)
    assert (lag.relay.unpublished, lag.relay.held) == (2, 0)
    assert lag.relay.oldest_age_seconds > 0
    assert [(c.consumer, c.parked, c.dead_letters) for c in lag.consumers] == [(NAME, 1, 0)]


async def test_the_inbox_forgets_after_thirty_days_and_effects_never(desk: Desk) -> None:
    stream = Stream()
    records = stream.many(4)
    await desk.processor.process([*records, Stream().other("x.y.z.v1", b"")])
    async with desk.database.work() as work:
        await work.connection.execute(
            "update inbox set processed_at = now() - interval '31 days' where event_id in"
            " (select event_id from inbox limit 3)"
        )
        await work.connection.execute("update dead_letter set at = now() - interval '31 days'")
        await work.connection.execute(
            "insert into side_effect (key, kind, status, payload, created_at)"
            " values ('k', 'mail', 'sent', '{}', now() - interval '400 days')"
        )
    assert await prune(desk.database, timedelta(days=30)) == prune_result(3, 1)
    assert await one(desk.database, "select count(*) from side_effect") == 1
    await desk.processor.process(records)
    assert await seen(desk.database) == [1, 2, 3, 4]


def prune_result(inbox: int, letters: int) -> object:
    from deskstream_eventstore import Pruned

    return Pruned(inbox, letters)

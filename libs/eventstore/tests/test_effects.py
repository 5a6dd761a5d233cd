"""Outside effects: each row once, an unknown outcome never repeated by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from following import one, until

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import (
    Conflict,
    Database,
    Dispatcher,
    Effect,
    Failed,
    NotHeld,
    NotThere,
    Origin,
    Outcome,
    Retry,
    Sent,
    Unknown,
    Work,
    ops,
    plan_effect,
    resolve_effect,
)

ORIGIN = Origin("system:test", "c-1")


class Provider:
    """Answers as told; counts its calls by key."""

    def __init__(self, *answers: Outcome | Exception) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []
        self.busy = self.most = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self, effect: Effect) -> Outcome:
        self.calls.append(effect.key)
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            if self.gate is not None:
                await self.gate.wait()
            answer = self.answers.pop(0) if self.answers else Sent("p-1")
        finally:
            self.busy -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer


class Settled:
    """Appends one event per outcome, as a service does."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.errors: list[Exception] = []

    async def __call__(self, work: Work, effect: Effect, outcome: Outcome) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.outcomes.append(outcome)
        if not isinstance(outcome, Retry):
            stream = UUID(effect.payload["stream"])
            events = await work.load(stream)
            title = type(outcome).__name__
            event = TeamChangedV1(
                at=datetime.now(UTC), team_id=stream, title=title, restricted=False
            )
            work.append("gateway.team", stream, len(events), [event], caused_by=ORIGIN)


async def plan(database: Database, **more: Any) -> str:
    key = f"mail:{uuid4()}"
    async with database.work() as work:
        assert await plan_effect(work, key, "mail", {"stream": str(uuid4())}, **more)
    return key


@asynccontextmanager
async def dispatching(
    database: Database,
    provider: Callable[[Effect], Awaitable[Outcome]],
    settled: Settled,
    **more: Any,
) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(database, provider, settled, first_pause=0.05, **more)
    stopping = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stopping))
    try:
        yield dispatcher
    finally:
        stopping.set()
        await task


async def status(database: Database, key: str) -> str:
    return str(await one(database, "select status from side_effect where key = $1", key))


async def became(database: Database, key: str, wanted: str, seconds: float = 10) -> None:
    async def is_so() -> bool:
        return await status(database, key) == wanted

    await until(is_so, seconds)


async def events(database: Database) -> list[str]:
    rows = "select coalesce(array_agg(data->>'title' order by position), '{}') from events"
    return list(await one(database, rows))


async def test_a_planned_effect_goes_out_once_and_its_event_is_stored_with_the_result(
    database: Database,
) -> None:
    provider, settled = Provider(Sent("p-9", {"refused": [1]})), Settled()
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await became(database, key, "sent")
    assert provider.calls == [key]
    assert await events(database) == ["Sent"]
    row = (await ops.effects(database))[0]
    assert (row.provider_id, row.result, row.attempts) == ("p-9", {"refused": [1]}, 1)


async def test_the_same_key_is_planned_once(database: Database) -> None:
    async with database.work() as work:
        assert await plan_effect(work, "k", "mail", {})
        assert not await plan_effect(work, "k", "mail", {})


async def test_what_was_rolled_back_never_goes_out(database: Database) -> None:
    with pytest.raises(LookupError):
        async with database.work() as work:
            await plan_effect(work, "k", "mail", {})
            raise LookupError
    assert await one(database, "select count(*) from side_effect") == 0


async def test_a_refusal_is_final_and_a_retry_comes_again_until_it_ends(
    database: Database,
) -> None:
    provider = Provider(
        Retry("busy"), Retry("busy", 0.01), Retry("busy", timedelta(0)), Failed("no")
    )
    settled = Settled()
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await became(database, key, "failed")
    assert provider.calls == [key] * 4
    assert await events(database) == ["Failed"]
    assert await one(database, "select attempts from side_effect") == 4


@pytest.mark.parametrize("answer", [Unknown("silent"), RuntimeError("somebody@example.com")])
async def test_an_unknown_outcome_is_held_and_never_repeated(
    database: Database, answer: Outcome | Exception
) -> None:
    provider, settled = Provider(answer), Settled()
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await became(database, key, "held")
        after = await plan(database)
        await became(database, after, "sent")
    assert provider.calls == [key, after]
    assert await events(database) == ["Unknown", "Sent"]
    assert "example" not in str(await one(database, "select code from side_effect"))


async def test_muted_and_held_rows_never_go_out(database: Database) -> None:
    provider = Provider()
    for state in ("muted", "held", "cancelled"):
        await plan(database, status=state)
    async with dispatching(database, provider, Settled()):
        key = await plan(database)
        await became(database, key, "sent")
    assert provider.calls == [key]


async def test_an_effect_waits_for_its_time(database: Database) -> None:
    provider = Provider()
    now = datetime.now(UTC)
    await plan(database, due=now + timedelta(seconds=60))
    soon = now + timedelta(milliseconds=400)
    key = await plan(database, due=soon)
    async with dispatching(database, provider, Settled()):
        await became(database, key, "sent")
    assert provider.calls == [key]
    assert (await one(database, "select min(taken_at) from side_effect")) >= soon


async def test_several_dispatchers_share_the_rows_and_none_is_sent_twice(
    database: Database,
) -> None:
    keys = [await plan(database) for _ in range(60)]
    providers = [Provider(), Provider(), Provider()]
    async with (
        dispatching(database, providers[0], Settled(), concurrency=4),
        dispatching(database, providers[1], Settled(), concurrency=4),
        dispatching(database, providers[2], Settled(), concurrency=4),
    ):
        for key in keys:
            await became(database, key, "sent")
    calls = [call for provider in providers for call in provider.calls]
    assert sorted(calls) == sorted(keys)


async def test_concurrency_is_bounded(database: Database) -> None:
    provider = Provider()
    provider.gate = asyncio.Event()
    keys = [await plan(database) for _ in range(7)]
    async with dispatching(database, provider, Settled(), concurrency=3):
        await until(lambda: _busy(provider, 3))
        provider.gate.set()
        for key in keys:
            await became(database, key, "sent")
    assert provider.most == 3


async def _busy(provider: Provider, count: int) -> bool:
    return provider.busy == count


async def test_a_wake_ends_the_pause(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskstream_eventstore.dispatcher.BUSY_SECONDS", 600.0)
    first = await plan(database)
    async with dispatching(database, Provider(), Settled()) as dispatcher:
        await became(database, first, "sent")
        key = await plan(database)
        dispatcher.wake()
        await became(database, key, "sent")


async def test_a_row_whose_owner_died_while_sending_becomes_unknown_and_is_held(
    database: Database,
) -> None:
    dying, settled = Provider(), Settled()
    dying.gate = asyncio.Event()
    key = await plan(database)
    dispatcher = Dispatcher(database, dying, settled, lease=0.5, grace=0.01)
    task = asyncio.create_task(dispatcher.run(asyncio.Event()))
    await became(database, key, "sending")
    await until(lambda: _called(dying))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await status(database, key) == "sending"
    heir = Provider()
    async with dispatching(database, heir, settled, lease=0.5):
        await became(database, key, "held")
    assert heir.calls == []
    assert await events(database) == ["Unknown"]
    assert await one(database, "select code from side_effect") == "owner_lost"


async def _called(provider: Provider) -> bool:
    return bool(provider.calls)


async def test_a_slow_call_keeps_its_row_by_beating(database: Database) -> None:
    slow, other = Provider(), Provider()
    slow.gate = asyncio.Event()
    key = await plan(database)

    async def beaten() -> bool:
        spent = "select taken_at - created_at > interval '1.5 s' from side_effect"
        return bool(await one(database, spent))

    async with dispatching(database, slow, Settled(), lease=0.6):
        await became(database, key, "sending")
        async with dispatching(database, other, Settled(), lease=0.6):
            await until(beaten)
            assert await status(database, key) == "sending"
            slow.gate.set()
            await became(database, key, "sent")
    assert (slow.calls, other.calls) == ([key], [])


async def test_an_answer_that_comes_after_the_row_was_held_is_kept_for_the_person(
    database: Database,
) -> None:
    late, settled = Provider(Sent("p-late")), Settled()
    late.gate = asyncio.Event()
    key = await plan(database)
    async with dispatching(database, late, settled, lease=60):
        await until(lambda: _called(late))
        async with database.work() as work:
            await work.connection.execute("update side_effect set next_try_at = now()")
        async with dispatching(database, Provider(), settled, lease=60):
            await became(database, key, "held")
        late.gate.set()

        async def told() -> bool:
            return bool(await one(database, "select provider_id from side_effect"))

        await until(told)
    assert await status(database, key) == "held"
    assert await events(database) == ["Unknown"]


async def test_a_lost_race_while_settling_is_settled_again(database: Database) -> None:
    settled = Settled()
    settled.errors = [Conflict("x"), Conflict("x")]
    provider = Provider()
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await became(database, key, "sent")
    assert provider.calls == [key]
    assert await events(database) == ["Sent"]


async def test_what_cannot_be_settled_is_held_with_its_result(database: Database) -> None:
    settled = Settled()
    settled.errors = [TypeError("defect")]
    provider = Provider(Sent("p-7"))
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await became(database, key, "held")
    assert provider.calls == [key]
    row = (await ops.effects(database, status="held"))[0]
    assert (row.code, row.provider_id) == ("settle_failed", "p-7")
    assert row.result == {"outcome": "sent", "code": None}


async def test_a_database_error_before_the_call_is_tried_again(database: Database) -> None:
    settled, sent = Settled(), Provider()
    failures = 2

    async def perform(effect: Effect) -> Outcome:
        nonlocal failures
        if failures:
            failures -= 1
            async with database.reading() as work:
                await work.connection.fetch("select 1 / 0")
        return await sent(effect)

    key = await plan(database)
    async with dispatching(database, perform, settled):
        await became(database, key, "sent")
    assert sent.calls == [key]


async def test_a_stop_finishes_what_is_at_hand(database: Database) -> None:
    provider, settled = Provider(), Settled()
    provider.gate = asyncio.Event()
    key = await plan(database)
    async with dispatching(database, provider, settled):
        await until(lambda: _called(provider))
        asyncio.get_running_loop().call_later(0.3, provider.gate.set)
    assert await status(database, key) == "sent"


async def held(database: Database) -> str:
    key = await plan(database)
    async with dispatching(database, Provider(Unknown("silent")), Settled()):
        await became(database, key, "held")
    return key


async def test_a_person_says_that_it_happened(database: Database) -> None:
    key, settled = await held(database), Settled()
    answer = await resolve_effect(
        database, key, "happened", actor="user:1", reason="it is in his inbox", settle=settled
    )
    assert answer == await status(database, key) == "sent"
    assert settled.outcomes == [Sent(confirmed_by_staff=True)]
    assert await events(database) == ["Unknown", "Sent"]
    row = (await ops.effects(database))[0]
    assert (row.resolved_by, row.reason) == ("user:1", "it is in his inbox")
    done = (await ops.operations(database))[0]
    assert (done.action, done.target, done.actor) == ("effect_happened", key, "user:1")


async def test_a_person_has_it_tried_again(database: Database) -> None:
    key = await held(database)
    await resolve_effect(database, key, "again", actor="user:1", reason="never arrived")
    provider = Provider()
    async with dispatching(database, provider, Settled()):
        await became(database, key, "sent")
    assert provider.calls == [key]
    assert await events(database) == ["Unknown", "Sent"]


async def test_only_what_is_held_can_be_decided(database: Database) -> None:
    muted = await plan(database, status="muted")
    with pytest.raises(NotHeld, match="muted"):
        await resolve_effect(database, muted, "again", actor="user:1", reason="r")
    with pytest.raises(NotThere):
        await resolve_effect(database, "nothing", "again", actor="user:1", reason="r")

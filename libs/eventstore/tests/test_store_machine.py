"""A store as a state machine on real PostgreSQL: whatever is done in whatever order, streams fold
to what was acknowledged, the live view equals a rebuild, a repeated key has one effect."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from storing import KEY

from deskstream_events.gateway.team import TeamChangedV1
from deskstream_eventstore import (
    AlreadyDone,
    Conflict,
    Database,
    Idempotency,
    Origin,
    Recorded,
    SubjectHasher,
    Work,
    rebuild,
)

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")
STREAMS = st.integers(0, 3)
TITLES = st.lists(st.text("abc", max_size=3), min_size=1, max_size=4)
UPSERT = """
insert into machine_titles (team_id, title, changes) values ($1, $2, 1)
on conflict (team_id) do update
set title = excluded.title, changes = machine_titles.changes + 1"""


class Titles:
    """The newest title of each team, and how often it changed."""

    name = "machine_titles"
    version = 1
    stream_types = frozenset({"gateway.team"})
    tables: tuple[str, ...] = ("machine_titles",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        assert isinstance(fact.event, TeamChangedV1)
        await work.connection.execute(UPSERT, fact.event.team_id, fact.event.title)


class Store(RuleBasedStateMachine):
    """The model: what each stream was acknowledged to hold, and which keys were done."""

    dsn: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.ids = [uuid4() for _ in range(4)]
        self.model: dict[UUID, list[str]] = {stream: [] for stream in self.ids}
        self.done: dict[str, int] = {}
        self.database = self.run(
            Database.connect(
                self.dsn, size=2, name="machine", subjects=SubjectHasher(KEY), views=[Titles()]
            )
        )
        self.run(
            self.database.pool.execute(
                "create table if not exists machine_titles"
                " (team_id uuid primary key, title text, changes int);"
                "truncate events, command_log, machine_titles"
            )
        )

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run on this machine's own loop."""
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    async def _append(
        self, stream: UUID, expected: int, titles: list[str], origin: Origin = ORIGIN
    ) -> int:
        async with self.database.work(origin) as work:
            await work.once()
            events = [
                TeamChangedV1(at=NOW, team_id=stream, title=title, restricted=False)
                for title in titles
            ]
            work.append("gateway.team", stream, expected, events)
            return work.answer(len(titles))

    @rule(which=STREAMS, titles=TITLES)
    def append(self, which: int, titles: list[str]) -> None:
        stream = self.ids[which]
        self.run(self._append(stream, len(self.model[stream]), titles))
        self.model[stream] += titles

    @rule(which=STREAMS, titles=TITLES, off=st.sampled_from([-1, 1]))
    def append_with_a_wrong_expectation(self, which: int, titles: list[str], off: int) -> None:
        stream = self.ids[which]
        expected = len(self.model[stream]) + off
        if expected >= 0:
            with pytest.raises(Conflict):
                self.run(self._append(stream, expected, titles))

    @rule(which=STREAMS, titles=TITLES)
    def append_and_roll_back(self, which: int, titles: list[str]) -> None:
        stream = self.ids[which]

        async def broken() -> None:
            async with self.database.pool.acquire() as connection, connection.transaction():
                work = self.database.on(connection, ORIGIN)
                event = TeamChangedV1(at=NOW, team_id=stream, title=titles[0], restricted=False)
                work.append("gateway.team", stream, len(self.model[stream]), [event])
                await work.finish()
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            self.run(broken())

    @rule(which=STREAMS, titles=TITLES, key=st.sampled_from(["k1", "k2", "k3"]))
    def append_under_a_key(self, which: int, titles: list[str], key: str) -> None:
        stream = self.ids[which]
        told = Idempotency("user:1", "POST", "/t", key, "same")
        origin = Origin("user:1", "c", idempotency=told)
        command = self._append(stream, len(self.model[stream]), titles, origin)
        if key in self.done:
            with pytest.raises(AlreadyDone) as caught:
                self.run(command)
            assert caught.value.result == self.done[key]
        else:
            self.done[key] = self.run(command)
            self.model[stream] += titles

    @rule()
    def rebuild_the_view(self) -> None:
        report = self.run(rebuild(self.database, Titles()))
        assert report.equal
        assert report.events == sum(len(titles) for titles in self.model.values())

    @invariant()
    def streams_and_view_are_what_was_acknowledged(self) -> None:
        async def look() -> tuple[dict[UUID, list[str]], dict[UUID, tuple[str, int]]]:
            streams: dict[UUID, list[str]] = {}
            async with self.database.reading() as work:
                for stream in self.ids:
                    facts = await work.load(stream)
                    assert [f.version for f in facts] == list(range(1, len(facts) + 1))
                    streams[stream] = [
                        f.event.title for f in facts if isinstance(f.event, TeamChangedV1)
                    ]
                rows = await work.connection.fetch("select * from machine_titles")
            return streams, {row["team_id"]: (row["title"], row["changes"]) for row in rows}

        streams, view = self.run(look())
        assert streams == self.model
        assert view == {
            stream: (titles[-1], len(titles)) for stream, titles in self.model.items() if titles
        }


def test_whatever_is_done_the_store_holds_what_was_acknowledged(store_dsn: str) -> None:
    Store.dsn = store_dsn
    chosen = settings(
        max_examples=12,
        stateful_step_count=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Store, settings=chosen)

"""Erasure in place: the person is gone, the history stays."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from storing import KEY

from deskstream_events import Event, user
from deskstream_eventstore import (
    AnswerNotKept,
    Database,
    Idempotency,
    Origin,
    Recorded,
    SubjectHasher,
    Work,
)
from deskstream_eventstore.connection import Connection
from deskstream_eventstore.rebuild import Rebuild
from deskstream_eventstore.redaction import Redaction, redact

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORIGIN = Origin("system:test", "c-1")


async def test_a_persons_events_are_overwritten_and_all_else_stays(database: Database) -> None:
    ana, ben = uuid4(), uuid4()
    for who, name in ((ana, "Ana"), (ben, "Ben")):
        events: list[Event] = [
            user.UserRegisteredV1(
                at=NOW, user_id=who, email=f"{name}@example.org".lower(), name=name
            ),
            user.EmailVerifiedV1(at=NOW, user_id=who),
        ]
        async with database.work(ORIGIN) as work:
            work.append("gateway.user", who, 0, events)
    said: list[Redaction] = []

    def announce(work: Work, done: Redaction) -> None:
        said.append(done)
        work.append("gateway.user", ana, 2, [user.UserSuspendedV1(at=NOW, user_id=ana)])

    subject = database.subjects.hash("mail:ana@example.org")
    done = await redact(database, ORIGIN, announce, subjects=[subject])
    assert done.events == 1
    assert said == [done]
    async with database.reading() as work:
        first, second, third = await work.load(ana)
        other = (await work.load(ben))[0]
        texts = await work.connection.fetch("select data::text, meta::text from events")
    assert isinstance(first.event, user.UserRegisteredV1)
    assert (first.event.name, first.event.email) == ("[redacted]", "[redacted]")
    assert (first.version, first.event.user_id, first.event.at) == (1, ana, NOW)
    assert isinstance(second.event, user.EmailVerifiedV1)
    assert isinstance(third.event, user.UserSuspendedV1)
    assert isinstance(other.event, user.UserRegisteredV1)
    assert other.event.name == "Ben"
    assert "ana@" not in str(texts).lower()
    again = await redact(database, ORIGIN, lambda *_: None, subjects=[subject])
    assert again.events == 0


async def test_chosen_events_only(database: Database) -> None:
    who = uuid4()
    async with database.work(ORIGIN) as work:
        for version in range(3):
            work.append(
                "gateway.user",
                who,
                version,
                [user.UserSuspendedV1(at=NOW, user_id=who, reason=f"reason {version}")],
            )
    async with database.reading() as work:
        chosen = (await work.load(who))[1].event_id
    await redact(database, ORIGIN, lambda *_: None, event_ids=[chosen])
    async with database.reading() as work:
        facts = await work.load(who)
    reasons = [f.event.reason for f in facts if isinstance(f.event, user.UserSuspendedV1)]
    assert reasons == ["reason 0", "[redacted]", "reason 2"]


class Users:
    """Names of users, as a read model."""

    name = "users"
    version = 1
    stream_types = frozenset({"gateway.user"})
    tables: tuple[str, ...] = ("user_names",)

    async def apply(self, work: Work, fact: Recorded) -> None:
        if isinstance(fact.event, user.UserRegisteredV1):
            await work.connection.execute(
                "insert into user_names values ($1, $2)", fact.stream_id, fact.event.name
            )


@pytest.fixture
async def viewed(store_dsn: str) -> AsyncIterator[Database]:
    database = await Database.connect(
        store_dsn, size=8, name="test", subjects=SubjectHasher(KEY), views=[Users()]
    )
    await database.pool.execute("create table user_names (id uuid primary key, name text)")
    yield database
    await database.close()


def registered(who: UUID, name: str) -> user.UserRegisteredV1:
    return user.UserRegisteredV1(at=NOW, user_id=who, email=f"{name}@example.org", name=name)


class Slow(Rebuild):
    """Stops between replay and swap until it is told to go on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, Users())
        self.replayed, self.go_on = asyncio.Event(), asyncio.Event()

    async def apply(self, connection: Connection, facts: list[Recorded]) -> None:
        await super().apply(connection, facts)
        self.replayed.set()
        await self.go_on.wait()


async def test_a_person_erased_while_a_rebuild_runs_is_not_brought_back(viewed: Database) -> None:
    ana = uuid4()
    async with viewed.work(ORIGIN) as work:
        work.append("gateway.user", ana, 0, [registered(ana, "ana")])
    slow = Slow(viewed)
    rebuilding = asyncio.create_task(slow.run())
    await slow.replayed.wait()
    subject = viewed.subjects.hash("mail:ana@example.org")
    erasing = asyncio.create_task(
        redact(viewed, ORIGIN, lambda *_: None, subjects=[subject], erased_at=NOW)
    )
    async with asyncio.timeout(10):
        while "ana" in await viewed.pool.fetchval("select data::text from events"):
            await asyncio.sleep(0.02)
    slow.go_on.set()
    await rebuilding
    assert (await erasing).events == 1
    assert await viewed.pool.fetchval("select name from user_names") == "[redacted]"
    erased = await viewed.pool.fetchrow("select subject, at from erased")
    assert erased is not None
    assert tuple(erased) == (subject, NOW)


async def test_kept_answers_about_the_person_are_dropped(database: Database) -> None:
    key = Idempotency("user:1", "POST", "/users", "k1", "f")
    keyed = replace(ORIGIN, idempotency=key)
    ana = uuid4()
    async with database.work(keyed) as work:
        await work.once()
        work.append("gateway.user", ana, 0, [registered(ana, "ana")])
        work.answer({"name": "ana"})
    subject = database.subjects.hash("mail:ana@example.org")
    await redact(database, keyed, lambda *_: None, subjects=[subject])
    with pytest.raises(AnswerNotKept):
        async with database.work(keyed) as work:
            await work.once()
    assert "ana" not in str(await database.pool.fetch("select * from command_log"))


async def test_a_parked_event_of_the_person_is_overwritten_where_it_waits(
    database: Database,
) -> None:
    for name in ("ana", "ben"):
        event = registered(uuid4(), name)
        parked = {"type": event.TYPE, "data": event.model_dump(mode="json"), "headers": []}
        async with database.work() as work:
            await work.connection.execute(
                "insert into parked_event (consumer, stream_id, version, event, error_code)"
                " values ('c', $1, 1, $2, 'boom')",
                event.user_id,
                parked,
            )
    subject = database.subjects.hash("mail:ana@example.org")
    done = await redact(database, ORIGIN, lambda *_: None, subjects=[subject])
    assert done.parked == 1
    texts = str(await database.pool.fetch("select event from parked_event"))
    assert "ana" not in texts
    assert "ben" in texts

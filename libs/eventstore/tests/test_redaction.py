"""Erasure in place: the person is gone, the history stays."""

from datetime import UTC, datetime
from uuid import uuid4

from deskstream_events import Event, user
from deskstream_eventstore import Database, Origin, Work
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

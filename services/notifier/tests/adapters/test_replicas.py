"""What is kept comes back as it was."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from deskstream_eventstore import Database, Work
from notifier.application.ports import LateNotice
from notifier.domain.addresses import Recipient
from notifier.domain.letter import Attached, Letter
from notifier.domain.people import Person
from notifier.domain.ticket import PendingReply, Ticket
from notifier.infra.db.late_notices import DbLateNotices
from notifier.infra.db.letters import DbLetters
from notifier.infra.db.people import DbPeople
from notifier.infra.db.tickets import DbTickets

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FILE = Attached("ticketing/main/x", "ab" * 32, 12, "application/pdf", "Datenblatt Säure.pdf")


@pytest.fixture
async def work(database: Database) -> AsyncIterator[Work]:
    async with database.work() as work:
        yield work


async def test_a_person_comes_back_and_changes(work: Work) -> None:
    people = DbPeople()
    mia = Person(uuid4(), "Mia", "mia@shop.test")
    await people.keep(work, mia)
    assert await people.find(work, mia.user_id) == mia
    admin = Person(mia.user_id, "Mia", "mia@shop.test", "admin", "active")
    await people.keep(work, admin)
    assert await people.find(work, mia.user_id) == admin
    assert await people.find(work, uuid4()) is None


async def test_only_active_admins_are_told(work: Work) -> None:
    people = DbPeople()
    admin = Person(uuid4(), "A", "a@shop.test", "admin", "active")
    for other in (
        admin,
        Person(uuid4(), "B", "b@shop.test", "admin", "suspended"),
        Person(uuid4(), "C", "c@shop.test", "manager", "active"),
        Person(uuid4(), "D", "d@shop.test"),
    ):
        await people.keep(work, other)
    assert await people.active_admins(work) == [admin]


async def test_a_ticket_comes_back_with_and_without_an_address(
    work: Work, database: Database
) -> None:
    tickets = DbTickets(database.subjects)
    for requester in (Recipient("ann@example.org", "Ann"), Recipient("ann@example.org"), None):
        ticket = Ticket(uuid4(), 17, "Säure?", uuid4(), requester, ("bob@example.org",))
        await tickets.keep(work, ticket)
        assert await tickets.find(work, ticket.ticket_id) == ticket
    assert await tickets.find(work, uuid4()) is None


async def test_a_pending_reply_is_taken_once(work: Work, database: Database) -> None:
    tickets = DbTickets(database.subjects)
    reply = PendingReply(
        uuid4(), uuid4(), "Mia", "<p>Ja</p>", "Ja", Recipient("a@b.c"), ("d@e.f",), (FILE,)
    )
    await tickets.keep_reply(work, reply)
    assert await tickets.take_reply(work, reply.reply_id) == reply
    assert await tickets.take_reply(work, reply.reply_id) is None


async def test_a_letter_comes_back_until_it_is_dropped(work: Work, database: Database) -> None:
    letters = DbLetters(database.subjects)
    letter = Letter(
        uuid4(),
        "reply",
        to=(Recipient("ann@example.org", "Ann"),),
        cc=(Recipient("bob@example.org"),),
        ticket_id=uuid4(),
        reply_id=uuid4(),
        facts={"number": 17, "body_text": "17"},
        files=(FILE,),
        expires_at=AT,
    )
    await letters.put(work, letter)
    assert await letters.get(work, letter.message_id) == letter
    subjects = await work.connection.fetchval("select subjects from letter")
    assert subjects == [
        database.subjects.hash("mail:Ann@Example.org"),
        database.subjects.hash("mail:bob@example.org"),
    ]
    await letters.drop(work, letter.message_id)
    assert await letters.get(work, letter.message_id) is None


async def test_late_notices_are_taken_once_and_in_order(work: Work) -> None:
    late, user = DbLateNotices(), uuid4()
    notices = [
        LateNotice(user, uuid4(), "key:x", uuid4(), AT + timedelta(minutes=n), "pending", "c", None)
        for n in (2, 1)
    ]
    for notice in [*notices, notices[0]]:
        await late.keep(work, notice)
    assert await late.take(work, user) == [notices[1], notices[0]]
    assert await late.take(work, user) == []

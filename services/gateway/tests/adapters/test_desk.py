"""The feed, the facts of tickets and presence on PostgreSQL, as the consumer writes them."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.access import TicketAccess
from deskstream_events import Envelope, Event, Meta, topic_of
from deskstream_events.gateway.team import TeamChangedV1, TeamCreatedV1
from deskstream_events.notifier.message import MessageSuppressedV1
from deskstream_events.ticketing.ticket import (
    TicketAssignedV1,
    TicketOpenedV1,
    TicketSolvedV1,
    TicketTaggedV1,
)
from deskstream_eventstore import Database, Patience, Processor
from gateway.application.follow_desk import FollowDesk
from gateway.domain.errors import ReplicaBehind
from gateway.infra.db.desk import DbDeskTickets, DbPresence, forget_gone
from gateway.infra.db.feed import DbFeed, DbFeedWriter, forget, tickets
from gateway.interface.kafka.feed import feed_consumer
from gateway.testing import NINE, Cast, Rig

TEAM = UUID(int=77)


class Record:
    """What Kafka gives."""

    def __init__(self, event: Event, stream_id: UUID, version: int) -> None:
        envelope = Envelope(
            event_id=uuid4(),
            type=event.TYPE,
            source="test",
            stream_id=stream_id,
            version=version,
            position=1,
            at=NINE,
            meta=Meta("user:u", "c", None, None),
            relay_epoch=1,
        )
        self.value: bytes | None = event.model_dump_json().encode()
        self.headers = envelope.to_headers()
        self.topic = topic_of(event.STREAM_TYPE).name
        self.partition, self.offset, self.timestamp = 0, 0, 0


class Told:
    """The consumer, told of events in the order of each stream."""

    def __init__(self, database: Database) -> None:
        self._versions: dict[UUID, int] = {}
        self._processor = Processor(
            database,
            feed_consumer(FollowDesk(DbFeedWriter(), tickets)),
            patience=Patience(tries=1, shortest=0.001, longest=0.01),
            now=lambda: NINE,
        )

    async def of(self, *events: Event, skipping: int = 0) -> None:
        """One batch. `skipping` so many versions of each stream."""
        batch = []
        for event in events:
            found: dict[str, Any] = json.loads(event.model_dump_json())
            name = event.STREAM_TYPE.rsplit(".", 1)[1] + "_id"
            stream = UUID(found[name])
            self._versions[stream] = self._versions.get(stream, 0) + 1 + skipping
            batch.append(Record(event, stream, self._versions[stream]))
        await self._processor.process(batch)


def opened(ticket: UUID, number: int = 1, team: UUID = TEAM) -> TicketOpenedV1:
    return TicketOpenedV1(
        at=NINE,
        ticket_id=ticket,
        number=number,
        channel="mail",
        subject="s",
        message_id=uuid4(),
        body_html="h",
        body_text="t",
        team_id=team,
        opened_by="key:shop",
    )


def team(restricted: bool = False) -> TeamCreatedV1:
    return TeamCreatedV1(at=NINE, team_id=TEAM, title="Support", restricted=restricted)


@pytest.fixture
async def told(database: Database) -> Told:
    """With the team Support, and in contact with the log."""
    found = Told(database)
    await found.of(team())
    async with database.work() as work:
        await tickets.told(work, timedelta(0))
    return found


async def test_each_event_is_an_entry_with_the_facts_of_its_ticket(
    database: Database, told: Told
) -> None:
    ticket = uuid4()
    mail = MessageSuppressedV1(
        at=NINE,
        message_id=uuid4(),
        kind="ticket_acknowledged",
        ticket_id=ticket,
        source="suppression",
    )
    account = MessageSuppressedV1(
        at=NINE, message_id=uuid4(), kind="verification", source="suppression"
    )
    await told.of(opened(ticket), mail, account)
    read = await DbFeed(database).after(1, 10)
    assert [(e.seq, e.type, e.id, e.version, e.ticket_id) for e in read.entries] == [
        (2, TicketOpenedV1.TYPE, ticket, 1, ticket),
        (3, MessageSuppressedV1.TYPE, mail.message_id, 1, ticket),
    ], "a mail that concerns no ticket makes no entry"
    assert read.entries[0].ticket == TicketAccess(TEAM, False, opened_by="key:shop")
    assert (read.head, read.floor, read.fresh) == (3, 0, True)


async def test_entries_are_shown_by_the_facts_of_now(database: Database, told: Told) -> None:
    ticket, feed = uuid4(), DbFeed(database)
    await told.of(opened(ticket))
    await told.of(TeamChangedV1(at=NINE, team_id=TEAM, title="Support", restricted=True))
    entry = (await feed.after(1, 1)).entries[0]
    assert entry.ticket is not None
    assert entry.ticket.restricted


async def test_a_ticket_whose_stream_or_teams_stream_is_parked_is_known_to_nobody(
    database: Database, told: Told
) -> None:
    ticket, feed, known = uuid4(), DbFeed(database), DbDeskTickets(database)
    await told.of(opened(ticket, 5))
    assert await known.find(5) is not None
    await told.of(TicketTaggedV1(at=NINE, ticket_id=ticket, tags=("late",)), skipping=1)
    assert (await feed.after(1, 10)).entries[0].ticket is None
    assert await known.find(ticket) is None
    other = uuid4()
    await told.of(opened(other, 6))
    assert await known.find(other) is not None
    await told.of(
        TeamChangedV1(at=NINE, team_id=TEAM, title="Support", restricted=True), skipping=1
    )
    assert await known.find(other) is None


async def test_a_ticket_of_a_team_that_nobody_told_of_is_known_to_nobody(
    database: Database, told: Told
) -> None:
    await told.of(opened(uuid4(), 8, team=uuid4()))
    assert await DbDeskTickets(database).find(8) is None
    assert (await DbFeed(database).after(1, 10)).entries[0].ticket is None


async def test_numbers_come_without_gaps_and_in_the_order_of_commits(database: Database) -> None:
    writer, feed, seen = DbFeedWriter(), DbFeed(database), []

    async def write(count: int) -> None:
        async with database.work() as work:
            for _ in range(count):
                await writer.write(work, "t", uuid4(), 1, None)
                await asyncio.sleep(0)

    async def follow() -> None:
        at = 0
        while at < 30:
            for entry in (await feed.after(at, 7)).entries:
                seen.append(entry.seq)
                at = entry.seq

    async with asyncio.timeout(30):
        await asyncio.gather(follow(), *(write(3) for _ in range(10)))
    assert seen == list(range(1, 31))


async def test_whoever_listens_is_woken_by_a_commit(database: Database) -> None:
    wakes = DbFeed(database).wakes()
    await anext(wakes)
    waiting = asyncio.ensure_future(anext(wakes))
    async with database.work() as work:
        await DbFeedWriter().write(work, "t", uuid4(), 1, None)
    async with asyncio.timeout(5):
        await waiting
    await wakes.aclose()


async def test_what_is_forgotten_raises_the_floor(database: Database, told: Told) -> None:
    await told.of(opened(uuid4()))
    feed = DbFeed(database)
    async with database.work() as work:
        assert await forget(work, timedelta(hours=1)) == 0
        assert await forget(work, timedelta(0)) == 2
    read = await feed.after(0, 10)
    assert (read.floor, read.head, read.holds(0), read.holds(2)) == (2, 2, False, True)


async def test_facts_older_than_thirty_seconds_decide_nothing(database: Database) -> None:
    known, feed = DbDeskTickets(database), DbFeed(database)
    for age, fresh in ((None, False), (31, False), (29, True)):
        if age is not None:
            async with database.work() as work:
                await tickets.told(work, timedelta(seconds=age))
        assert (await feed.after(0, 1)).fresh is fresh
        if fresh:
            assert await known.find(1) is None
        else:
            with pytest.raises(ReplicaBehind):
                await known.find(1)
            assert await known.assigned_to(uuid4()) is None


async def test_a_users_open_tickets_are_counted_and_the_oldest_named(
    database: Database, told: Told
) -> None:
    ada, streams = uuid4(), [uuid4() for _ in range(53)]
    for number, ticket in enumerate(streams, 1):
        await told.of(
            opened(ticket, number),
            TicketAssignedV1(at=NINE, ticket_id=ticket, assignee_id=ada, assigned_by="user:x"),
        )
    await told.of(TicketSolvedV1(at=NINE, ticket_id=streams[0], previous="open"))
    found = await DbDeskTickets(database).assigned_to(ada)
    assert found is not None
    assert (found.total, len(found.tickets)) == (52, 50)
    assert (found.tickets[0].id, found.tickets[0].number) == (streams[1], 2)


async def test_presence_lasts_as_long_as_was_said_and_names_active_staff_only(
    real_rig: Rig, database: Database
) -> None:
    people, presence, ticket = Cast(real_rig), DbPresence(database), uuid4()
    await people.support()
    ada = await people.agent()
    until: datetime = NINE + timedelta(seconds=45)
    await presence.keep(ticket, ada, "viewing", until)
    await presence.keep(ticket, ada, "replying", until)
    await presence.keep(ticket, uuid4(), "viewing", until)
    there = await presence.on(ticket, NINE)
    assert [(p.user_id, p.name, p.state) for p in there] == [(ada, "Ada Lovelace", "replying")]
    assert await presence.on(ticket, until) == []
    async with database.work() as work:
        assert await forget_gone(work, until) == 2

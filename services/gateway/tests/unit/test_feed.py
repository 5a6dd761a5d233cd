"""Who may learn of what happens, and that the feed by cursor shows each event once."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskstream_chassis.access import Actor, Role, TicketAccess, decide
from deskstream_events.notifier.message import MessageSentV1
from deskstream_events.ticketing.ticket import AttachmentAddedV1, NoteAddedV1, TicketTaggedV1
from gateway.application.feed import INTERNAL_TYPES, Entry, shows
from gateway.application.read_feed import ReadFeed
from gateway.domain.errors import FeedForgotten, ReplicaBehind
from gateway.infra.memory.desk import FakeDesk

PEOPLE = [UUID(int=n) for n in range(1, 4)]
TEAMS = [UUID(int=n) for n in range(101, 104)]
TICKET = UUID(int=500)
TYPES = [TicketTaggedV1.TYPE, NoteAddedV1.TYPE, AttachmentAddedV1.TYPE, MessageSentV1.TYPE]
USER, TEAM = "gateway.user.role_changed.v1", "gateway.team.changed.v1"

teams = st.sampled_from(TEAMS)
staff = st.builds(
    Actor,
    kind=st.just("user"),
    id=st.sampled_from(PEOPLE).map(str),
    role=st.sampled_from(Role),
    teams=st.frozensets(teams),
)
keys = st.builds(
    Actor,
    kind=st.just("key"),
    id=st.sampled_from(["k1", "k2"]),
    scopes=st.frozensets(
        st.sampled_from(["events", "tickets:view", "tickets:view:all", "tickets:modify"])
    ),
)
actors = staff | keys
accesses = st.builds(
    TicketAccess,
    team_id=teams,
    restricted=st.booleans(),
    assignee_id=st.none() | st.sampled_from(PEOPLE),
    shared=st.frozensets(st.sampled_from(PEOPLE)),
    deleted=st.booleans(),
    opened_by=st.sampled_from(["key:k1", "key:k2", f"user:{PEOPLE[0]}"]),
)


@given(actor=actors, access=accesses, kind=st.sampled_from(TYPES))
def test_an_event_of_a_ticket_is_shown_to_whom_decide_lets_view_it(
    actor: Actor, access: TicketAccess, kind: str
) -> None:
    shown = shows(actor, Entry(1, kind, TICKET, 1, TICKET, access))
    internal_for_him = kind in INTERNAL_TYPES and actor.role is Role.VIEWER
    assert shown is (bool(decide(actor, "view", access)) and not internal_for_him)


@given(actor=actors, kind=st.sampled_from(TYPES))
def test_a_ticket_whose_facts_are_missing_is_shown_to_nobody(actor: Actor, kind: str) -> None:
    assert not shows(actor, Entry(1, kind, TICKET, 1, TICKET, None))


@given(actor=actors, about=st.sampled_from(PEOPLE))
def test_of_people_managers_learn_and_everybody_of_himself(actor: Actor, about: UUID) -> None:
    own = actor.kind == "user" and actor.id == str(about)
    assert shows(actor, Entry(1, USER, about, 2)) is (actor.is_at_least(Role.MANAGER) or own)


@given(actor=actors)
def test_of_teams_managers_learn(actor: Actor) -> None:
    assert shows(actor, Entry(1, TEAM, TEAMS[0], 2)) is actor.is_at_least(Role.MANAGER)


@given(st.lists(st.sampled_from(["mine", "theirs", "people"]), max_size=40), st.integers(1, 7))
def test_pages_show_every_visible_event_once_and_in_order(told: list[str], limit: int) -> None:
    async def read() -> None:
        desk = FakeDesk()
        mine = desk.ticket(TicketAccess(TEAMS[0], False, opened_by="key:k1"))
        theirs = desk.ticket(TicketAccess(TEAMS[0], False, opened_by="key:k2"))
        expected = []
        for kind in told:
            about = mine if kind == "mine" else theirs
            if kind == "people":
                desk.happen(USER, PEOPLE[0])
                continue
            seq = desk.happen(TicketTaggedV1.TYPE, about, ticket=about)
            expected += [seq] if kind == "mine" else []
        feed, key = ReadFeed(desk), Actor("key", "k1", scopes=frozenset({"tickets:view"}))
        seen, since = [], 0
        while True:
            page = await feed(key, since, limit)
            assert len(page.entries) <= limit
            seen += [entry.seq for entry in page.entries]
            if page.next == since:
                break
            since = page.next
        assert seen == expected
        assert since == len(told)

    asyncio.run(read())


async def test_what_is_forgotten_or_of_another_feed_is_said_to_be() -> None:
    desk = FakeDesk()
    for _ in range(3):
        desk.happen(TEAM, TEAMS[0])
    desk.forget(2)
    feed, key = ReadFeed(desk), Actor("key", "k1", scopes=frozenset({"events"}))
    for since in (1, 4):
        with pytest.raises(FeedForgotten):
            await feed(key, since, 10)
    assert (await feed(key, None, 10)).next == 3
    assert (await feed(key, 2, 10)).next == 3


async def test_by_facts_that_are_too_old_nothing_is_shown() -> None:
    desk = FakeDesk()
    desk.fresh = False
    with pytest.raises(ReplicaBehind):
        await ReadFeed(desk)(Actor("key", "k1", scopes=frozenset({"events"})), 0, 10)

"""Search over what the caller may see: subject, messages, participants, numbers."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskstream_chassis.clock import FixedClock
from deskstream_chassis.ids import new_id
from deskstream_events.ticketing.incoming import MessageHeldV1
from deskstream_eventstore import Database, rebuild
from ticketing.application.families import stored, survivor_of
from ticketing.application.tickets import STREAM
from ticketing.domain.receiving import Incoming, receive
from ticketing.infra.db.search_view import SearchView
from ticketing.testing import CREDIT, SUPPORT, Api, Staff, actor_of, body, caller_of, key_actor

SHOP = key_actor("shop", "tickets:create", "tickets:view", "tickets:modify")


async def found(api: Api, who, words: str) -> list[int]:
    answer = await api(who, "GET", "/api/tickets", params={"q": words, "sort": "number"})
    assert answer.status_code == 200, answer.text
    return [row["number"] for row in answer.json()["items"]]


async def test_words_are_found_in_subject_messages_and_participants(api: Api, staff: Staff):
    one = await api.open(
        SHOP,
        subject="Ünïcode drum",
        body_text="The blue label fell off",
        requester={"name": "Cora Quill", "email": "cora@quill.test"},
    )
    two = await api.open(SHOP, subject="Other", body_text="Nothing")
    await api.reply(staff.agent, two, body_html="<p>A new <b>label</b> follows</p>")
    number = one["number"]
    for words in ("ünïcode", "blue label", "LABEL blue", "lab fell", "quill", "cora@quill.test"):
        assert number in await found(api, staff.agent, words), words
    assert await found(api, staff.agent, "label") == [number, two["number"]]
    assert await found(api, staff.agent, "blue nothing") == []
    assert await found(api, staff.agent, f"#{two['number']}") == [two["number"]]
    for odd in ("&|!():*", "'", "--", "a & b", ":*"):
        assert await found(api, staff.agent, odd) == [], odd


async def test_a_viewer_finds_nothing_by_a_note_nor_anybody_what_he_may_not_see(
    api: Api, staff: Staff
):
    ticket = await api.open(SHOP)
    hidden = await api.open(SHOP, team_id=str(CREDIT.id), body_text="canary")
    path = f"/api/tickets/{ticket['id']}/comments"
    await api(staff.agent, "POST", path, json={"body_text": "canary in a note"})
    assert await found(api, staff.agent, "canary") == [ticket["number"]]
    assert await found(api, staff.viewer, "canary") == []
    assert await found(api, staff.manager, "canary") == [ticket["number"], hidden["number"]]


async def arrives(database: Database, clock: FixedClock, ticket: dict, text: str, sender: str):
    clock.advance(seconds=1)
    mail = Incoming(new_id(), body(text), sender_email=sender)
    async with database.work(caller_of(actor_of(Staff().admin)).origin) as work:
        target = await survivor_of(work, await stored(work, UUID(ticket["id"])))
        work.append(STREAM, target.id, target.version, receive(target, mail, clock.now()))


async def test_a_merged_tickets_words_find_the_survivor_and_come_home_with_its_messages(
    api: Api, staff: Staff, database: Database, clock: FixedClock
):
    who = {"name": "Ann", "email": "ann@customer.test"}
    one = await api.open(SHOP, body_text="apple", requester=who)
    two, three = await api.open(SHOP, body_text="pear"), await api.open(SHOP, body_text="plum")
    for loser, survivor in ((one, two), (two, three)):
        path = f"/api/tickets/{loser['id']}/merge"
        await api(staff.manager, "POST", path, json={"into": survivor["id"]})
    await arrives(database, clock, one, "quince", "ann@customer.test")
    for word in ("apple", "pear", "plum", "quince"):
        assert await found(api, staff.agent, word) == [three["number"]], word
    for loser in (two, one):
        await api(staff.manager, "POST", f"/api/tickets/{loser['id']}/unmerge", json={})
    for _ in range(2):
        assert await found(api, staff.agent, "apple") == [one["number"]]
        assert await found(api, staff.agent, "quince") == [one["number"]]
        assert await found(api, staff.agent, "pear") == [two["number"]]
        assert (await rebuild(database, SearchView())).equal


WORDS = ("alpha", "beta", "gamma")


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(WORDS), st.sampled_from([SUPPORT, CREDIT]), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
async def test_search_agrees_with_what_each_may_see(api: Api, staff: Staff, made):
    for word, team, note in made:
        opener = staff.manager
        ticket = await api.open(opener, body_text="x" if note else word, team_id=str(team.id))
        if note:
            path = f"/api/tickets/{ticket['id']}/comments"
            await api(opener, "POST", path, json={"body_text": word})
    for who in (staff.agent, staff.viewer, staff.lender, staff.manager):
        rows = (await api(who, "GET", "/api/tickets?limit=100")).json()["items"]
        for word in WORDS:
            shown = []
            for row in rows:
                messages = (await api.show(who, row))["messages"]
                if any(word in m["body_text"] for m in messages):
                    shown.append(row["number"])
            assert await found(api, who, word) == sorted(shown)


async def test_a_held_message_is_found_by_staff_only_until_it_is_released(
    api: Api, staff: Staff, database: Database, clock: FixedClock
):
    ticket = await api.open(SHOP)
    held = MessageHeldV1(
        ticket_id=UUID(ticket["id"]),
        at=clock.now(),
        message_id=new_id(),
        cause="unknown_sender",
        sender_email="stranger@else.test",
        body_html="<p>walnut</p>",
        body_text="walnut",
    )
    async with database.work(caller_of(actor_of(staff.admin)).origin) as work:
        work.append(STREAM, held.ticket_id, 1, [held])
    assert await found(api, staff.agent, "walnut") == [ticket["number"]]
    assert await found(api, staff.viewer, "walnut") == []
    path = f"/api/tickets/{ticket['id']}/messages/{held.message_id}/release"
    assert (await api(staff.agent, "POST", path)).status_code == 200
    assert await found(api, staff.viewer, "walnut") == [ticket["number"]]

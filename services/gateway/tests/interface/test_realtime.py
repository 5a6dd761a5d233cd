"""The event stream over real sockets, and what hangs on the same facts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from deskstream_chassis.access import TicketAccess
from deskstream_events.ticketing.ticket import NoteAddedV1, TicketTaggedV1
from deskstream_tools.listening import Listener
from gateway.interface.gate import streams
from gateway.testing import operator

TAGGED, NOTE = TicketTaggedV1.TYPE, NoteAddedV1.TYPE
PUBLIC, CREDIT = UUID(int=1), UUID(int=2)


@asynccontextmanager
async def listening(desk: Any, role: str, **more: Any) -> AsyncIterator[Listener]:
    """A signed-in member of staff on the stream."""
    headers = {**(await desk.as_role(role)), **more.pop("headers", {})}
    listener = await Listener.open(desk.port, headers, **more)
    try:
        yield listener
    finally:
        listener.leave()


async def greeted(listener: Listener) -> Listener:
    """Past the first block: what happens from now on comes."""
    async with asyncio.timeout(5):
        await listener.block()
    return listener


async def ended(listener: Listener) -> str:
    """Why the stream ends, which it must within five seconds."""
    async with asyncio.timeout(5):
        return str((await listener.rest())[-1].data["reason"])


async def heard(listener: Listener, count: int) -> list[int]:
    """The numbers of the next events."""
    async with asyncio.timeout(5):
        return [(await listener.event()).data["seq"] for _ in range(count)]


def public_ticket(desk: Any) -> UUID:
    """Of no restricted team; only managers and above see it, as nobody is a member."""
    ticket: UUID = desk.rig.desk.ticket(TicketAccess(PUBLIC, False))
    return ticket


async def test_what_happens_is_told_with_its_number_type_id_and_version(desk: Any) -> None:
    async with listening(desk, "manager") as listener:
        assert (listener.status, listener.headers["content-type"]) == (
            200,
            "text/event-stream; charset=utf-8",
        )
        assert listener.headers["cache-control"] == "no-store"
        assert listener.headers["x-content-type-options"] == "nosniff"
        assert listener.headers["x-accel-buffering"] == "no"
        await greeted(listener)
        ticket = public_ticket(desk)
        seq = desk.rig.desk.happen(TAGGED, ticket, 3, ticket)
        async with asyncio.timeout(5):
            told = await listener.event()
        assert told.data == {"seq": seq, "type": TAGGED, "id": str(ticket), "version": 3}
        assert told.id == seq


async def test_only_what_decide_shows_comes_and_to_viewers_no_notes(desk: Any) -> None:
    facts = desk.rig.desk
    agent, viewer = (await desk.as_role("agent")), (await desk.as_role("viewer"))
    assert agent != viewer
    ids = {r: await desk.people.id_of(f"{r}@shop.test") for r in ("agent", "viewer")}
    both = facts.ticket(TicketAccess(PUBLIC, False, shared=frozenset(ids.values())))
    credit = facts.ticket(TicketAccess(CREDIT, True, shared=frozenset(ids.values())))
    async with listening(desk, "agent") as one, listening(desk, "viewer") as other:
        for listener in (one, other):
            await greeted(listener)
        facts.happen(TAGGED, credit, 1, credit)
        note = facts.happen(NOTE, both, 1, both)
        tagged = facts.happen(TAGGED, both, 2, both)
        assert await heard(one, 2) == [note, tagged]
        assert await heard(other, 1) == [tagged]
        facts.change(both, TicketAccess(PUBLIC, False))
        facts.happen(TAGGED, both, 3, both)
        own = facts.happen("gateway.user.email_verified.v1", ids["viewer"], 4)
        assert await heard(other, 1) == [own], "what he may no longer see is not told"


async def test_who_comes_again_resumes_where_he_was_or_learns_that_it_is_gone(desk: Any) -> None:
    facts, ticket = desk.rig.desk, public_ticket(desk)
    first, *rest = [facts.happen(TAGGED, ticket, n, ticket) for n in range(1, 700)]
    async with listening(desk, "manager", target=f"/api/realtime?since={first}") as listener:
        assert await heard(listener, len(rest)) == rest
        later = facts.happen(TAGGED, ticket, 800, ticket)
        assert await heard(listener, 1) == [later]
        assert listener.last == later
    header = {"Last-Event-ID": str(rest[-1])}
    async with listening(
        desk, "manager", target="/api/realtime?since=1", headers=header
    ) as listener:
        assert await heard(listener, 1) == [later], "the header counts, not the address"
    facts.forget(rest[0])
    for since in (first, later + 1):
        async with listening(desk, "manager", target=f"/api/realtime?since={since}") as listener:
            async with asyncio.timeout(5):
                told = await listener.event()
            assert (told.kind, told.data) == ("reset", {"seq": later})


async def test_a_stream_ends_when_its_owner_signs_out_is_suspended_or_is_moved(desk: Any) -> None:
    people = desk.people
    async with listening(desk, "agent") as listener:
        await greeted(listener)
        headers = await desk.as_role("agent")
        assert (await desk.http.post("/api/auth/logout", headers=headers)).status_code == 204
        assert await ended(listener) == "rights_changed"
    for change in ({"role": "manager"}, {"teams": ()}, None):
        email = f"{uuid4()}@shop.test"
        user = await people.agent(email)
        opened = await people.sign_in(email)
        cookie = {"Cookie": f"__Host-sid={opened.token}"}
        listener = await greeted(await Listener.open(desk.port, cookie))
        if change is None:
            await people.change(operator(), user, "suspended")
        elif "teams" in change:
            await people.change(operator(), user, "active", teams=())
        else:
            await people.change(operator(), user, "active", **change)
        assert await ended(listener) == "rights_changed"
        listener.leave()


async def test_streams_end_when_nobody_can_say_whose_they_are(desk: Any) -> None:
    async with listening(desk, "agent") as listener:
        await greeted(listener)
        desk.rig.fake.down = True
        assert await ended(listener) == "store_unavailable"


async def test_streams_end_with_the_process(start: Any) -> None:
    async with start() as desk, listening(desk, "agent") as listener:
        await greeted(listener)
        desk.gate.state.stopping.set()
        assert await ended(listener) == "stopping"


async def test_by_facts_that_are_too_old_the_stream_falls_silent_and_goes_on_later(
    desk: Any,
) -> None:
    facts, ticket = desk.rig.desk, public_ticket(desk)
    async with listening(desk, "manager") as listener:
        await greeted(listener)
        facts.fresh = False
        missed = facts.happen(TAGGED, ticket, 1, ticket)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await listener.event()
        facts.fresh = True
        assert await heard(listener, 1) == [missed]


async def test_who_hears_nothing_hears_a_heartbeat_that_says_where_to_resume(desk: Any) -> None:
    facts, ticket = desk.rig.desk, public_ticket(desk)
    desk.gate._streaming["GET /api/realtime"]._heartbeat = 0.05
    seen = facts.happen(TAGGED, ticket, 1, ticket)
    foreign = facts.happen("gateway.team.created.v1", uuid4(), 1)
    async with listening(desk, "manager") as quiet, listening(desk, "agent") as blind:
        for listener in (quiet, blind):
            await greeted(listener)
            async with asyncio.timeout(5):
                beat = await listener.block()
            assert (beat.id, beat.data) == (foreign, None)
    facts.fresh = False
    async with listening(desk, "manager", target=f"/api/realtime?since={seen - 1}") as waiting:
        await greeted(waiting)
        async with asyncio.timeout(5):
            beat = await waiting.block()
        assert (beat.id, beat.data) == (seen - 1, None), "also while nobody can tell what he sees"
        facts.fresh = True
        assert await heard(waiting, 2) == [seen, foreign]


async def test_one_who_does_not_read_is_dropped_and_the_others_hear_all(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "WAITING", 8)
    facts, ticket = desk.rig.desk, public_ticket(desk)
    async with listening(desk, "manager") as slow, listening(desk, "admin") as quick:
        for listener in (slow, quick):
            await greeted(listener)
        slow.stop_reading()
        stream = next(s for s in desk_streams(desk)._open if "manager" in str(s.principal.actor))
        stream.put([b"x" * 1_000_000] * 8, stream.position)
        seqs = []
        while stream.ended is None:
            seqs.append(facts.happen(TAGGED, ticket, 1, ticket))
            assert await heard(quick, 1) == seqs[-1:]
        assert stream.ended == "slow"


def desk_streams(desk: Any) -> streams.Streams:
    """The open streams of the gate."""
    found: streams.Streams = desk.gate._streaming["GET /api/realtime"]._streams
    return found


async def test_clients_that_vanish_leave_no_stream_open(desk: Any) -> None:
    opened = []
    for role in ("viewer", "agent", "manager", "admin"):
        for _ in range(streams.PER_PRINCIPAL):
            headers = await desk.as_role(role)
            opened.append(await greeted(await Listener.open(desk.port, headers)))
    assert len(desk_streams(desk)) == len(opened)
    for number, listener in enumerate(opened):
        listener.reset() if number % 2 else listener.leave()
    async with asyncio.timeout(5):
        while len(desk_streams(desk)):
            await asyncio.sleep(0.01)


async def test_the_eleventh_stream_of_one_person_is_refused(desk: Any, problem: Any) -> None:
    headers = await desk.as_role("agent")
    opened = [await Listener.open(desk.port, headers) for _ in range(streams.PER_PRINCIPAL)]
    problem(await desk.http.get("/api/realtime", headers=headers), 429, "too_many_at_once")
    for listener in opened:
        listener.leave()


async def test_nonsense_to_resume_after_is_refused(desk: Any, problem: Any) -> None:
    headers = await desk.as_role("agent")
    for target in ("?since=x", "?since=-1", "?since=" + "9" * 40):
        answer = await desk.http.get(f"/api/realtime{target}", headers=headers)
        problem(answer, 422, "invalid")
    answer = await desk.http.get("/api/realtime", headers={**headers, "Last-Event-ID": "1e3"})
    problem(answer, 422, "invalid")
    problem(await desk.http.get("/api/realtime"), 401, "unauthenticated")
    problem(
        await desk.http.get("/api/realtime", headers=await desk.as_key("events")), 403, "forbidden"
    )


async def test_a_stream_does_not_renew_its_session(desk: Any) -> None:
    headers = await desk.as_role("agent")
    token = headers["Cookie"].partition("=")[2]
    desk.rig.clock.advance(minutes=10)
    before = await desk.rig.sessions.find(token)
    async with listening(desk, "agent") as listener:
        await greeted(listener)
        assert await desk.rig.sessions.find(token) == before
        desk.rig.clock.advance(minutes=21)
        assert await ended(listener) == "rights_changed"


async def test_a_key_reads_by_cursor_what_its_scopes_show(desk: Any, problem: Any) -> None:
    facts, ticket = desk.rig.desk, public_ticket(desk)
    seqs = [facts.happen(TAGGED, ticket, n, ticket) for n in range(1, 4)]
    facts.happen("gateway.team.changed.v1", PUBLIC)
    blind, seeing = await desk.as_key("events"), await desk.as_key("events", "tickets:view:all")
    answer = (await desk.http.get("/api/events?since=0", headers=blind)).json()
    assert answer == {"items": [], "next": 4}
    answer = (await desk.http.get("/api/events?since=0&limit=2", headers=seeing)).json()
    assert [item["seq"] for item in answer["items"]] == seqs[:2]
    assert answer["next"] == seqs[1]
    answer = (await desk.http.get(f"/api/events?since={seqs[1]}", headers=seeing)).json()
    assert ([item["seq"] for item in answer["items"]], answer["next"]) == (seqs[2:], 4)
    facts.forget(2)
    problem(await desk.http.get("/api/events?since=1", headers=seeing), 410, "feed_forgotten")
    problem(await desk.http.get("/api/events?limit=101", headers=seeing), 422, "invalid")
    facts.fresh = False
    problem(await desk.http.get("/api/events", headers=seeing), 503, "replica_behind")
    agent = await desk.as_role("agent")
    problem(await desk.http.get("/api/events", headers=agent), 403, "forbidden")


async def test_presence_is_told_and_read_on_tickets_that_one_may_see(
    desk: Any, problem: Any
) -> None:
    facts, agent, viewer = desk.rig.desk, await desk.as_role("agent"), await desk.as_role("viewer")
    ids = {r: await desk.people.id_of(f"{r}@shop.test") for r in ("agent", "viewer")}
    shared = TicketAccess(PUBLIC, False, shared=frozenset(ids.values()))
    ticket, hidden = facts.ticket(shared), facts.ticket(replace(shared, restricted=True))
    here = {"ticket_id": str(ticket), "state": "replying"}
    told = await desk.http.post("/api/presence", json=here, headers=agent)
    assert (told.status_code, told.content) == (204, b"")
    here = {"ticket_id": 1, "state": "viewing"}
    assert (await desk.http.post("/api/presence", json=here, headers=viewer)).status_code == 204
    answer = await desk.http.get(f"/api/presence?ticket_id={ticket}", headers=viewer)
    assert {(p["id"], p["state"]) for p in answer.json()["items"]} == {
        (str(ids["agent"]), "replying"),
        (str(ids["viewer"]), "viewing"),
    }
    for gone in (hidden, uuid4(), 99):
        there = await desk.http.get(f"/api/presence?ticket_id={gone}", headers=agent)
        problem(there, 404, "not_found")
        here = {"ticket_id": str(gone) if isinstance(gone, UUID) else gone, "state": "viewing"}
        problem(await desk.http.post("/api/presence", json=here, headers=agent), 404, "not_found")
    desk.rig.clock.advance(seconds=45)
    answer = await desk.http.get("/api/presence?ticket_id=1", headers=viewer)
    assert answer.json() == {"items": []}
    facts.fresh = False
    problem(await desk.http.get("/api/presence?ticket_id=1", headers=viewer), 503, "replica_behind")


async def test_presence_refuses_nonsense(desk: Any, problem: Any) -> None:
    agent = await desk.as_role("agent")
    for body in (
        {"ticket_id": 1, "state": "sleeping"},
        {"ticket_id": 0, "state": "viewing"},
        {"ticket_id": "x", "state": "viewing"},
        {"ticket_id": 1, "state": "viewing", "who": "me"},
    ):
        answer = await desk.http.post("/api/presence", json=body, headers=agent)
        assert answer.status_code == 422, body
    problem(await desk.http.get("/api/presence?ticket_id=0", headers=agent), 422, "invalid")


async def test_suspending_somebody_names_his_open_tickets(desk: Any) -> None:
    facts, admin = desk.rig.desk, await desk.as_role("admin")
    user = await desk.people.agent("ada@shop.test")
    ticket = facts.ticket(TicketAccess(PUBLIC, False, assignee_id=user))
    facts.ticket(TicketAccess(PUBLIC, False, assignee_id=user), is_open=False)
    path = f"/api/admin/users/{user}/status"
    answer = await desk.http.post(path, json={"status": "suspended"}, headers=admin)
    assert answer.status_code == 200, answer.text
    assert answer.json()["open_tickets"] == [{"id": str(ticket), "number": 1}]
    assert answer.json()["open_tickets_total"] == 1
    answer = await desk.http.post(path, json={"status": "active"}, headers=admin)
    assert answer.json()["open_tickets"] is None

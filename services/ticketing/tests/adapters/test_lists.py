"""The list's SQL agrees with the decision about each ticket."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskstream_chassis.access import Actor, Role, TicketAccess, decide
from deskstream_chassis.clock import FixedClock
from deskstream_eventstore import Database
from ticketing.application.app import TicketingApp
from ticketing.application.change_ticket import ChangeTicket
from ticketing.application.delete_ticket import DeleteTicket
from ticketing.application.open_ticket import OpenTicket
from ticketing.application.ports import Filters, RawBody
from ticketing.infra.db.directory import PostgresDirectory
from ticketing.infra.db.lists import PostgresLists
from ticketing.testing import CREDIT, SUPPORT, Staff, actor_of, caller_of

SCOPES = ("tickets:view", "tickets:modify", "tickets:view:all", "tickets:modify:all", "other")
TEAMS = (SUPPORT.id, CREDIT.id, UUID(int=9))
USERS = tuple(member.id for member in Staff().all())

actors = st.one_of(
    st.builds(
        Actor,
        kind=st.just("user"),
        id=st.sampled_from([str(user) for user in USERS]),
        role=st.sampled_from([*Role, None]),
        teams=st.frozensets(st.sampled_from(TEAMS)),
    ),
    st.builds(
        Actor,
        kind=st.just("key"),
        id=st.sampled_from(["shop", "other"]),
        scopes=st.frozensets(st.sampled_from(SCOPES)),
    ),
)


@pytest.fixture
async def facts(app: TicketingApp, database: Database, staff: Staff) -> dict[UUID, TicketAccess]:
    """A ticket of every kind, with the facts that decide."""
    made = {}
    insiders = {SUPPORT.id: staff.agent, CREDIT.id: staff.lender}
    openers = [
        caller_of(a) for a in (actor_of(staff.manager), Actor("key", "shop"), Actor("key", "k"))
    ]
    for team in (SUPPORT, CREDIT):
        for opener in openers:
            for assignee in (None, insiders[team.id].id, staff.manager.id):
                command = OpenTicket(
                    "x", RawBody(text="y"), None, None, (), team.id, "normal", (), assignee
                )
                stood = await app.open_ticket(command, opener)
                made[stood.id] = TicketAccess(
                    team.id, team.restricted, assignee, opened_by=opener.actor.ref
                )
    boss = caller_of(actor_of(staff.manager))
    shared = frozenset({staff.lender.id})
    for ticket_id, access in list(made.items())[:2]:
        await app.change_ticket(ChangeTicket(ticket_id, None, shared_with=tuple(shared)), boss)
        made[ticket_id] = replace(access, shared=shared)
    for ticket_id in list(made)[::4]:
        async with database.reading() as work:
            seen = len(await work.load(ticket_id))
        await app.delete_ticket(DeleteTicket(ticket_id, seen), boss)
        made[ticket_id] = replace(made[ticket_id], deleted=True)
    return made


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actor=actors)
async def test_a_list_shows_exactly_what_decide_allows(
    database: Database, facts: dict[UUID, TicketAccess], actor: Actor
):
    async with database.reading() as work:
        shown = {
            row.id
            for deleted in (False, True)
            for row in await PostgresLists().tickets(
                work, actor, Filters(deleted=deleted), "-updated_at", None, 1000
            )
        }
    assert shown == {ticket for ticket in facts if decide(actor, "view", facts[ticket])}


async def test_a_ticket_of_an_unknown_team_is_taken_for_restricted(
    app: TicketingApp, database: Database, staff: Staff, clock: FixedClock
):
    caller = caller_of(actor_of(staff.manager))
    command = OpenTicket(
        "x", RawBody(text="y"), None, None, (), SUPPORT.id, "normal", (), staff.agent.id
    )
    await app.open_ticket(command, caller)
    agent = actor_of(staff.agent)
    outsider = Actor("user", str(uuid4()), Role.VIEWER, frozenset({SUPPORT.id}))
    async with database.work() as work:
        await work.connection.execute("delete from team")
        lists = PostgresLists()
        seen = await lists.tickets(work, agent, Filters(), "number", None, 10)
        hidden = await lists.tickets(work, outsider, Filters(), "number", None, 10)
        assert (len(seen), len(hidden)) == (1, 0)
        await PostgresDirectory().keep_team(work, SUPPORT)
        assert len(await lists.tickets(work, outsider, Filters(), "number", None, 10)) == 1

"""Teams through the use cases, over the fake and over PostgreSQL alike."""

from dataclasses import replace
from uuid import uuid4

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID, TeamChangedV1, TeamCreatedV1
from deskstream_eventstore import Idempotency
from gateway.application.change_team import ChangeTeam
from gateway.application.create_team import CreateTeam
from gateway.application.ports import TeamRow
from gateway.domain.errors import Forbidden, InvalidInput, NotFound
from gateway.testing import Cast, operator, signed_in, visitor

CREDIT = CreateTeam("  Credit  desk ", restricted=True)


async def made(people: Cast) -> TeamRow:
    return await operator().once(people.app.create_team, CREDIT, TeamRow)


async def test_a_made_team_is_listed_and_its_title_cleaned(people: Cast) -> None:
    team = await made(people)
    assert (team.title, team.restricted) == ("Credit desk", True)
    listed = {row.team_id: row for row in await people.rig.queries.teams()}
    assert set(listed) == {SUPPORT_TEAM_ID, team.team_id}
    assert listed[team.team_id] == team


async def test_a_change_is_told_once(people: Cast) -> None:
    team = await made(people)
    change = ChangeTeam(team.team_id, "Credit", restricted=False)
    for _ in range(2):
        await operator().once(people.app.change_team, change, TeamRow)
    kinds = [type(event) for event in await people.events(team.team_id)]
    assert kinds == [TeamCreatedV1, TeamChangedV1]
    assert TeamRow(team.team_id, "Credit", restricted=False) in await people.rig.queries.teams()
    told = [(e.action, e.target) for e in await people.trail()]
    ref = f"team:{team.team_id}"
    assert told == [("team_created", ref), ("team_changed", ref)]


async def test_a_repeated_request_makes_no_second_team(people: Cast) -> None:
    caller = operator()
    key = Idempotency(caller.actor.ref, "POST", "/api/teams", "once", "body")
    keyed = replace(caller, origin=replace(caller.origin, idempotency=key))
    one = await keyed.once(people.app.create_team, CREDIT, TeamRow)
    assert await keyed.once(people.app.create_team, CREDIT, TeamRow) == one
    assert len(await people.rig.queries.teams()) == 2


async def test_only_admins_make_and_change_teams(people: Cast) -> None:
    team = await made(people)
    await people.agent("boss@shop.test", role="manager")
    manager = signed_in(await people.sign_in("boss@shop.test"))
    for caller in (manager, visitor()):
        with pytest.raises(Forbidden):
            await people.app.create_team(CREDIT, caller)
        with pytest.raises(Forbidden):
            await people.app.change_team(ChangeTeam(team.team_id, "X", False), caller)
    assert team in await people.rig.queries.teams()


async def test_an_unknown_team_and_a_title_of_nothing_are_refused(people: Cast) -> None:
    with pytest.raises(NotFound):
        await people.app.change_team(ChangeTeam(uuid4(), "Credit", True), operator())
    with pytest.raises(InvalidInput):
        await people.app.create_team(CreateTeam(" \u200b ", False), operator())
    assert [row.team_id for row in await people.rig.queries.teams()] == [SUPPORT_TEAM_ID]

"""A session gets another token when its holder's rights change, and other tabs do not notice."""

import pytest

from gateway.application.change_password import ChangePassword
from gateway.application.open_session import SignedIn
from gateway.application.set_user_teams import SetUserTeams
from gateway.application.sign_out import SignOut
from gateway.testing import PASSWORD, Cast, operator, signed_in

CHOICES = ("nine green doors sing", "ten quiet boats sail by", "four slow clocks agree")


@pytest.fixture
async def opened(people: Cast) -> SignedIn:
    """An agent's session."""
    await people.agent()
    return await people.sign_in("ada@shop.test")


async def rotated(people: Cast, opened: SignedIn, times: int = 1) -> list[str]:
    """All tokens that the session ever had."""
    tokens, passwords = [opened.token], (PASSWORD, *CHOICES)
    for n in range(times):
        change = ChangePassword(passwords[n], passwords[n + 1], "192.0.2.7")
        tokens.append(await people.app.change_password(change, signed_in(opened)))
    return tokens


async def test_a_new_password_gives_the_own_session_another_token(
    people: Cast, opened: SignedIn
) -> None:
    old, new = await rotated(people, opened)
    assert old != new
    facts = await people.rig.sessions.find(new)
    assert facts is not None
    assert facts.session_id == opened.session.session_id
    assert facts.expires_at == opened.session.expires_at


async def test_the_token_of_before_works_for_thirty_seconds(people: Cast, opened: SignedIn) -> None:
    old, new = await rotated(people, opened)
    people.rig.clock.advance(seconds=29)
    assert await people.rig.sessions.find(old) == await people.rig.sessions.find(new)
    people.rig.clock.advance(seconds=1)
    assert await people.rig.sessions.find(old) is None
    assert await people.rig.sessions.find(new) is not None


async def test_the_header_token_outlives_the_rotation(people: Cast, opened: SignedIn) -> None:
    old, new = await rotated(people, opened)
    for token in (old, new):
        facts = await people.rig.sessions.find(token)
        assert facts is not None
        assert facts.csrf_token == opened.csrf


async def test_only_the_last_token_of_before_has_a_grace(people: Cast, opened: SignedIn) -> None:
    tokens = await rotated(people, opened, times=3)
    alive = [await people.rig.sessions.find(token) is not None for token in tokens]
    assert alive == [False, False, True, True]


async def test_a_session_that_ended_has_no_grace(people: Cast, opened: SignedIn) -> None:
    old, new = await rotated(people, opened)
    await people.app.sign_out(SignOut(opened.session.session_id), signed_in(opened))
    assert [await people.rig.sessions.find(token) for token in (old, new)] == [None, None]


async def due(people: Cast, token: str) -> bool:
    """Whether the gate is told to replace this token."""
    facts = await people.rig.sessions.find(token)
    assert facts is not None
    return facts.rotate


async def test_another_role_makes_every_session_due_for_another_token(
    people: Cast, opened: SignedIn
) -> None:
    elsewhere = await people.sign_in("ada@shop.test")
    await people.change(operator(), opened.user.user_id, "active", role="manager")
    assert [await due(people, s.token) for s in (opened, elsewhere)] == [True, True]
    later = await people.sign_in("ada@shop.test")
    assert not await due(people, later.token)


async def test_other_teams_make_a_session_due_and_the_same_ones_do_not(
    people: Cast, opened: SignedIn
) -> None:
    user = opened.user
    for teams, expected in ((user.teams, False), ((), True)):
        command = SetUserTeams(user.user_id, teams)
        await operator().once(people.app.set_user_teams, command, type(None))
        assert await due(people, opened.token) is expected


async def test_the_same_role_again_makes_nothing_due(people: Cast, opened: SignedIn) -> None:
    await people.change(operator(), opened.user.user_id, "active", role="agent")
    assert not await due(people, opened.token)
    assert not await people.rig.sessions.rotate(opened.token, "another")
    assert await people.rig.sessions.find("another") is None


async def test_a_token_that_is_due_is_replaced_once_and_lives_for_thirty_seconds_more(
    people: Cast, opened: SignedIn
) -> None:
    sessions = people.rig.sessions
    await people.change(operator(), opened.user.user_id, "active", role="manager")
    assert await sessions.rotate(opened.token, "another")
    assert not await sessions.rotate(opened.token, "a third")
    assert not await sessions.rotate("another", "a third")
    assert [await due(people, token) for token in (opened.token, "another")] == [False, False]
    people.rig.clock.advance(seconds=30)
    assert await sessions.find(opened.token) is None
    facts = await sessions.find("another")
    assert facts is not None
    assert (facts.session_id, facts.role) == (opened.session.session_id, "manager")
    assert facts.csrf_token == opened.csrf


async def test_a_session_that_ended_is_not_replaced(people: Cast, opened: SignedIn) -> None:
    await people.change(operator(), opened.user.user_id, "active", role="manager")
    await people.app.sign_out(SignOut(opened.session.session_id), signed_in(opened))
    assert not await people.rig.sessions.rotate(opened.token, "another")
    assert await people.rig.sessions.find("another") is None

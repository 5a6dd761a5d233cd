"""What PostgreSQL must hold when requests meet."""

import asyncio
from typing import Any

import pytest

from deskstream_eventstore import Database
from gateway.application.change_password import ChangePassword
from gateway.domain.errors import LastAdmin, LinkInvalid, SignInFailed, TooManyTries, WrongPassword
from gateway.testing import PASSWORD, Cast, Rig, operator, signed_in


@pytest.fixture
async def people(real_rig: Rig) -> Cast:
    """Over PostgreSQL only: the fake runs one transaction at a time."""
    cast = Cast(real_rig)
    await cast.support()
    return cast


async def outcomes(*attempts: Any) -> list[Any]:
    return await asyncio.gather(*attempts, return_exceptions=True)


def failures(results: list[Any]) -> list[type]:
    return [type(r) for r in results if isinstance(r, BaseException)]


async def test_registrations_of_one_address_at_once_make_one_account(people: Cast) -> None:
    assert failures(await outcomes(*(people.register() for _ in range(8)))) == []
    assert len(await people.rig.queries.users(status=None, after=None, limit=9)) == 1
    assert 1 <= len(await people.tokens()) <= 5


async def test_a_link_used_at_once_by_many_works_for_one(people: Cast) -> None:
    await people.register()
    (token,) = await people.tokens()
    results = await outcomes(*(people.verify(token) for _ in range(6)))
    assert failures(results) == [LinkInvalid] * 5


async def test_a_reset_link_used_at_once_by_many_works_for_one(people: Cast) -> None:
    await people.agent()
    await people.forget()
    (token,) = await people.resets()
    choices = [f"nine green doors sing {n}" for n in range(4)]
    results = await outcomes(*(people.reset(token, choice) for choice in choices))
    assert failures(results) == [LinkInvalid] * 3
    assert await people.sign_in("ada@shop.test", choices[results.index(None)])


async def test_two_admins_that_suspend_each_other_leave_one(people: Cast) -> None:
    one, two = await people.admin("one@shop.test"), await people.admin("two@shop.test")
    by_one = signed_in(await people.sign_in("one@shop.test"))
    by_two = signed_in(await people.sign_in("two@shop.test"))
    results = await outcomes(
        people.change(by_one, two, "suspended"), people.change(by_two, one, "suspended")
    )
    assert failures(results) == [LastAdmin]
    active = await people.rig.queries.users(status="active", after=None, limit=9)
    assert len(active) == 1


async def test_the_same_change_at_once_is_recorded_once(people: Cast) -> None:
    user_id = await people.agent()
    before = len(await people.events(user_id))
    await outcomes(*(people.change(operator(), user_id, "suspended") for _ in range(5)))
    assert len(await people.events(user_id)) == before + 1


async def test_no_session_survives_a_password_that_was_changed_meanwhile(people: Cast) -> None:
    await people.agent()
    here = await people.sign_in("ada@shop.test")
    change = ChangePassword(PASSWORD, "nine green doors sing", "192.0.2.7")
    results = await outcomes(
        people.app.change_password(change, signed_in(here)),
        *(people.sign_in("ada@shop.test") for _ in range(4)),
    )
    assert set(failures(results)) <= {SignInFailed}
    opened = [r for r in results[1:] if not isinstance(r, BaseException)]
    assert [await people.rig.sessions.find(one.token) for one in opened] == [None] * len(opened)
    with pytest.raises(WrongPassword):
        await people.app.change_password(change, signed_in(here))


async def test_of_many_failures_at_once_only_those_before_the_lock_are_checked(
    people: Cast,
) -> None:
    await people.agent()
    attempts = [people.sign_in("ada@shop.test", "wrong words entirely") for _ in range(20)]
    results = failures(await outcomes(*attempts))
    assert [results.count(kind) for kind in (SignInFailed, TooManyTries)] == [5, 15]


async def test_many_at_once_leave_a_trail_without_gaps(people: Cast, database: Database) -> None:
    await people.agent()
    attempts = [
        people.sign_in("ada@shop.test", "wrong words entirely", stranger=False) for _ in range(30)
    ]
    assert failures(await outcomes(*attempts)) == [SignInFailed] * 30
    trail = await people.trail()
    assert sum(e.action == "sign_in_failed" for e in trail) == 30
    async with database.reading() as work:
        gaps = await work.connection.fetchval(
            "select count(*) from (select stream_id, max(version) <> count(*) as gap from events "
            "where stream_type = 'gateway.audit' group by 1) s where gap"
        )
    assert gaps == 0


async def test_of_requests_that_replace_a_token_at_once_one_wins(people: Cast) -> None:
    user_id = await people.agent()
    opened = await people.sign_in("ada@shop.test")
    await people.change(operator(), user_id, "active", role="manager")
    sessions, offered = people.rig.sessions, [f"token {n}" for n in range(8)]
    won = await asyncio.gather(*(sessions.rotate(opened.token, token) for token in offered))
    assert won.count(True) == 1
    for token, mine in zip(offered, won, strict=True):
        assert (await sessions.find(token) is not None) is mine
    assert await sessions.find(opened.token) is not None

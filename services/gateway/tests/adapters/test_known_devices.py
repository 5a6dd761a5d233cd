"""Known devices and closed accounts through the use cases, on both stores."""

from datetime import timedelta
from uuid import UUID

import pytest

from deskstream_events.gateway.user import NewDeviceSeenV1
from deskstream_eventstore import Database
from gateway.application.recognise_device import RecogniseDevice
from gateway.domain.errors import SignInFailed, TooManyTries
from gateway.domain.known_device import DEVICE_TTL, is_ours
from gateway.infra.db.housekeeping import Housekeeping
from gateway.testing import PASSWORD, PEPPERS, Cast, Rig, operator, visitor

ADA, BOB = "ada@shop.test", "bob@shop.test"
WRONG = "wrong words entirely"


async def knows(people: Cast, email: str, token: str | None) -> bool:
    assert token is not None
    return await people.app.recognise_device(RecogniseDevice(token, email=email), visitor())


async def told(people: Cast, user_id: UUID) -> list[str]:
    events = await people.events(user_id)
    return [event.device for event in events if isinstance(event, NewDeviceSeenV1)]


async def fails(people: Cast, times: int, email: str = ADA, **more: bool) -> None:
    for _ in range(times):
        with pytest.raises(SignInFailed):
            await people.sign_in(email, WRONG, **more)


async def test_a_sign_in_makes_its_browser_known_for_this_account_only(people: Cast) -> None:
    await people.agent(ADA)
    await people.agent(BOB)
    token = (await people.sign_in(ADA)).device_token
    assert token is not None
    assert is_ours(PEPPERS.session, token)
    assert await knows(people, ADA, token)
    assert not await knows(people, BOB, token)
    assert not await knows(people, "nobody@shop.test", token)
    assert not await knows(people, ADA, token[::-1])


async def test_a_new_device_is_told_once_and_never_the_very_first(people: Cast) -> None:
    user_id = await people.agent(ADA)
    first = (await people.sign_in(ADA, device="Firefox, Linux")).device_token
    assert await told(people, user_id) == []
    again = (await people.sign_in(ADA, device_token=first)).device_token
    assert (again, await told(people, user_id)) == (first, [])
    second = (await people.sign_in(ADA, device_token=None, device="Edge, Windows")).device_token
    assert await told(people, user_id) == ["Edge, Windows"]
    await people.sign_in(ADA, device_token=second)
    assert await told(people, user_id) == ["Edge, Windows"]


async def test_a_browser_that_two_share_is_known_for_both_under_a_fresh_token(
    people: Cast,
) -> None:
    await people.agent(ADA)
    await people.agent(BOB)
    of_ada = (await people.sign_in(ADA)).device_token
    shared = (await people.sign_in(BOB, device_token=of_ada)).device_token
    assert shared != of_ada
    assert [await knows(people, email, shared) for email in (ADA, BOB)] == [True, True]
    assert [await knows(people, email, of_ada) for email in (ADA, BOB)] == [False, False]
    kept = (await people.sign_in(ADA, device_token=shared)).device_token
    assert kept == shared


async def test_a_device_is_forgotten_180_days_after_its_last_sign_in(people: Cast) -> None:
    await people.agent(ADA)
    token = (await people.sign_in(ADA)).device_token
    people.rig.clock.advance(seconds=(DEVICE_TTL - timedelta(seconds=1)).total_seconds())
    await people.sign_in(ADA, device_token=token)
    people.rig.clock.advance(seconds=(DEVICE_TTL - timedelta(seconds=1)).total_seconds())
    assert await knows(people, ADA, token)
    people.rig.clock.advance(seconds=1)
    assert not await knows(people, ADA, token)


async def test_a_reset_and_a_suspension_end_all_known_devices(people: Cast) -> None:
    user_id = await people.agent(ADA)
    token = (await people.sign_in(ADA)).device_token
    await people.forget()
    await people.reset((await people.resets())[-1], "nine green doors sing")
    assert not await knows(people, ADA, token)
    fresh = (await people.sign_in(ADA, "nine green doors sing", device_token=token)).device_token
    assert fresh != token
    assert len(await told(people, user_id)) == 1
    await people.change(operator(), user_id, "suspended")
    await people.change(operator(), user_id, "active")
    assert not await knows(people, ADA, fresh)


@pytest.mark.parametrize("email", [ADA, "nobody@shop.test"])
async def test_failures_close_an_account_whether_it_exists_or_not(people: Cast, email: str) -> None:
    await people.agent(ADA)
    await fails(people, 5, email)
    with pytest.raises(TooManyTries) as closed:
        await people.sign_in(email.upper(), PASSWORD)
    assert closed.value.retry_after == 1
    people.rig.clock.advance(seconds=1)
    await fails(people, 1, email)
    with pytest.raises(TooManyTries) as closed:
        await people.sign_in(email, PASSWORD)
    assert closed.value.retry_after == 2


async def test_a_lock_out_is_on_the_trail_once_and_a_try_meanwhile_is_not(people: Cast) -> None:
    user_id = await people.agent(ADA)
    await fails(people, 5)
    for _ in range(3):
        with pytest.raises(TooManyTries):
            await people.sign_in(ADA)
    locked = [entry for entry in await people.trail() if entry.action == "locked"]
    assert [(entry.outcome, entry.target) for entry in locked] == [("denied", f"user:{user_id}")]
    assert sum(entry.action == "sign_in_failed" for entry in await people.trail()) == 5


async def test_a_success_of_a_stranger_starts_the_count_again(people: Cast) -> None:
    await people.agent(ADA)
    for _ in range(3):
        await fails(people, 4)
        assert await people.sign_in(ADA, device_token=None)


async def test_a_known_device_gets_in_while_strangers_are_shut_out(people: Cast) -> None:
    await people.agent(ADA)
    token = (await people.sign_in(ADA)).device_token
    await fails(people, 5)
    with pytest.raises(TooManyTries):
        await people.sign_in(ADA, device_token=None)
    assert await people.sign_in(ADA, device_token=token, stranger=False)
    with pytest.raises(TooManyTries):
        await people.sign_in(ADA, device_token=None)
    await fails(people, 9, stranger=False)


async def test_old_devices_and_failures_are_swept_but_an_accounts_last_device(
    real_rig: Rig, database: Database
) -> None:
    people = Cast(real_rig)
    await people.support()
    user_id = await people.agent(ADA)
    for _ in range(3):
        await people.sign_in(ADA, device_token=None)
        real_rig.clock.advance(hours=1)
    await fails(people, 1)
    real_rig.clock.advance(days=211)
    await Housekeeping(database, real_rig.clock).sweep()
    count = "select (select count(*) from known_device), (select count(*) from sign_in_tries)"
    async with database.reading() as work:
        assert tuple(await work.connection.fetchrow(count) or ()) == (1, 0)
    before = len(await told(people, user_id))
    await people.sign_in(ADA, device_token=None)
    assert len(await told(people, user_id)) == before + 1

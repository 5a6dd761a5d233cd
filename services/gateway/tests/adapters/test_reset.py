"""A forgotten password through the use cases, over the fake and over PostgreSQL alike."""

import pytest

from deskstream_events.gateway.user import PasswordChangedV1
from gateway.application.change_password import ChangePassword
from gateway.domain.errors import LinkInvalid, SignInFailed, WeakPassword
from gateway.testing import PASSWORD, Cast, operator, signed_in

NEW_PASSWORD = "nine green doors sing"


async def test_a_reset_sets_the_password_ends_all_sessions_and_signs_nobody_in(
    people: Cast,
) -> None:
    user_id = await people.agent()
    opened = [await people.sign_in("ada@shop.test") for _ in range(2)]
    await people.forget("ADA@shop.test")
    (token,) = await people.resets()
    await people.reset(token, NEW_PASSWORD)
    assert [await people.rig.sessions.find(one.token) for one in opened] == [None, None]
    assert await people.rig.queries.open_sessions(user_id) == []
    with pytest.raises(SignInFailed):
        await people.sign_in("ada@shop.test", PASSWORD)
    assert await people.sign_in("ada@shop.test", NEW_PASSWORD)
    assert sum(type(e) is PasswordChangedV1 for e in await people.events(user_id)) == 1


async def test_a_reset_link_works_once_and_voids_the_others(people: Cast) -> None:
    await people.agent()
    await people.forget()
    await people.forget()
    first, second = await people.resets()
    await people.reset(second, NEW_PASSWORD)
    for used in (first, second, "A" * 43):
        with pytest.raises(LinkInvalid):
            await people.reset(used, "yet another long sentence")
    assert await people.sign_in("ada@shop.test", NEW_PASSWORD)


async def test_a_reset_link_works_for_fifteen_minutes(people: Cast) -> None:
    await people.agent()
    await people.forget()
    (token,) = await people.resets()
    people.rig.clock.advance(minutes=15)
    with pytest.raises(LinkInvalid):
        await people.reset(token, NEW_PASSWORD)


async def test_a_refused_password_does_not_use_up_the_link(people: Cast) -> None:
    await people.agent()
    await people.forget()
    (token,) = await people.resets()
    for weak in ("short", "Ada Lovelace 1815", "a" * 20):
        with pytest.raises(WeakPassword) as raised:
            await people.reset(token, weak)
        assert raised.value.field == "new_password"
    await people.reset(token, NEW_PASSWORD)


async def test_a_changed_password_voids_the_links_that_were_mailed_before(people: Cast) -> None:
    await people.agent()
    await people.forget()
    (token,) = await people.resets()
    here = await people.sign_in("ada@shop.test")
    change = ChangePassword(PASSWORD, NEW_PASSWORD, "192.0.2.7")
    await people.app.change_password(change, signed_in(here))
    with pytest.raises(LinkInvalid):
        await people.reset(token, "yet another long sentence")


async def test_a_suspended_account_sets_no_password(people: Cast) -> None:
    user_id = await people.agent()
    await people.forget()
    (token,) = await people.resets()
    await people.change(operator(), user_id, "suspended")
    with pytest.raises(LinkInvalid):
        await people.reset(token, NEW_PASSWORD)


async def test_only_active_accounts_are_mailed_and_at_most_five_times_an_hour(
    people: Cast,
) -> None:
    await people.register("new@shop.test")
    gone = await people.agent("gone@shop.test")
    await people.change(operator(), gone, "suspended")
    for email in ("new@shop.test", "gone@shop.test", "nobody@shop.test"):
        await people.forget(email)
    assert await people.resets("new@shop.test") == []
    assert await people.resets("gone@shop.test") == []
    await people.agent()
    for _ in range(7):
        await people.forget()
    assert len(await people.resets()) == 5
    people.rig.clock.advance(hours=1, seconds=1)
    await people.forget()
    assert len(await people.resets()) == 6


async def test_the_trail_tells_of_resets_and_names_nobody(people: Cast) -> None:
    user_id = await people.agent()
    await people.forget("nobody@shop.test")
    await people.forget()
    (token,) = await people.resets()
    await people.reset(token, NEW_PASSWORD)
    trail = (await people.trail())[-4:]
    ref = f"user:{user_id}"
    assert [(e.action, e.outcome, e.target) for e in trail] == [
        ("reset_requested", "denied", None),
        ("reset_requested", "ok", ref),
        ("password_changed", "ok", ref),
        ("sessions_ended", "ok", ref),
    ]
    text = " ".join(event.model_dump_json() for event in trail)
    assert "shop.test" not in text
    assert token not in text

"""Sign-in and linking through the issuer, over the fake store and over PostgreSQL alike."""

import asyncio
from uuid import UUID

import pytest

from gateway.application.finish_oidc import FinishOidc
from gateway.application.issuer import IssuerSilent
from gateway.application.open_session import SignedIn
from gateway.application.start_oidc import SetOut, StartOidc
from gateway.application.unlink_oidc import UnlinkOidc
from gateway.domain.errors import NotFound, OidcRefused, StateInvalid, StepUpRequired
from gateway.domain.oidc import OidcIdentity
from gateway.testing import Cast, operator, signed_in, visitor

NEW_PASSWORD = "nine green doors sing"


async def set_out(people: Cast, here: SignedIn | None = None, *, link: bool = False) -> SetOut:
    facts = None if here is None else await people.rig.sessions.find(here.token)
    return await people.app.start_oidc(StartOidc(facts, link=link), visitor())


async def come_back(
    people: Cast, out: SetOut, subject: str = "ada", *, browser: str | None = None
) -> SignedIn | None:
    said = people.rig.issuer.consent(out.address, subject)
    browser = out.browser if browser is None else browser
    command = FinishOidc(said["state"], said["code"], said["iss"], browser, "192.0.2.7")
    return await people.app.finish_oidc(command, visitor())


async def linked(people: Cast, email: str = "ada@shop.test", subject: str = "ada") -> UUID:
    user_id = await people.agent(email)
    here = await people.sign_in(email)
    assert await come_back(people, await set_out(people, here, link=True), subject) is None
    return user_id


async def denials(people: Cast) -> list[tuple[str, str | None]]:
    return [(e.action, e.code) for e in await people.trail() if e.outcome == "denied"]


async def test_a_linked_identity_opens_a_session_that_proves_nothing_to_us(people: Cast) -> None:
    user_id = await linked(people)
    opened = await come_back(people, await set_out(people))
    assert opened is not None
    facts = await people.rig.sessions.find(opened.token)
    assert facts is not None
    assert (facts.user_id, facts.proven_at) == (user_id, None)
    last = (await people.trail())[-1]
    assert (last.action, last.outcome, last.target) == ("signed_in", "ok", f"user:{user_id}")


async def test_the_session_that_was_signed_in_there_ends(people: Cast) -> None:
    await linked(people)
    here = await people.sign_in("ada@shop.test")
    assert await come_back(people, await set_out(people, here))
    assert await people.rig.sessions.find(here.token) is None


async def test_an_identity_that_nobody_linked_finds_and_makes_no_account(people: Cast) -> None:
    await people.agent("ada@shop.test")
    before = await people.rig.queries.users(status=None, after=None, limit=10)
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people), "ada@shop.test")
    assert await people.rig.queries.users(status=None, after=None, limit=10) == before
    assert (await denials(people))[-1] == ("sign_in_failed", "not_linked")


async def test_subjects_are_told_apart_by_upper_and_lower_case(people: Cast) -> None:
    await linked(people)
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people), "Ada")


async def test_a_suspended_account_is_refused_like_an_unknown_one(people: Cast) -> None:
    user_id = await linked(people)
    await people.change(operator(), user_id, "suspended")
    with pytest.raises(OidcRefused) as suspended:
        await come_back(people, await set_out(people))
    with pytest.raises(OidcRefused) as unknown:
        await come_back(people, await set_out(people), "nobody")
    assert str(suspended.value) == str(unknown.value)
    assert [code for _, code in (await denials(people))[-2:]] == ["not_active", "not_linked"]


async def test_a_state_works_once_even_where_it_comes_to_nothing(people: Cast) -> None:
    await linked(people)
    out = await set_out(people)
    assert await come_back(people, out)
    with pytest.raises(StateInvalid):
        await come_back(people, out)
    refused = await set_out(people)
    with pytest.raises(OidcRefused):
        await come_back(people, refused, "nobody")
    with pytest.raises(StateInvalid):
        await come_back(people, refused)


async def test_of_two_that_come_back_at_once_one_gets_in(people: Cast) -> None:
    await linked(people)
    out = await set_out(people)
    ends = await asyncio.gather(*(come_back(people, out) for _ in range(5)), return_exceptions=True)
    assert [type(end) for end in ends if not isinstance(end, StateInvalid)] == [SignedIn]


async def test_a_state_lasts_ten_minutes_and_belongs_to_its_browser(people: Cast) -> None:
    await linked(people)
    out = await set_out(people)
    people.rig.clock.advance(minutes=9, seconds=59)
    assert await come_back(people, out)
    out = await set_out(people)
    people.rig.clock.advance(minutes=10)
    with pytest.raises(StateInvalid):
        await come_back(people, out)
    for browser in ("", (await set_out(people)).browser):
        with pytest.raises(StateInvalid):
            await come_back(people, await set_out(people), browser=browser)


async def test_linking_needs_a_session_that_proved_itself_within_ten_minutes(
    people: Cast,
) -> None:
    await people.agent()
    here = await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=10)
    assert await set_out(people, here, link=True)
    people.rig.clock.advance(seconds=1)
    with pytest.raises(StepUpRequired):
        await set_out(people, here, link=True)
    with pytest.raises(StepUpRequired):
        await set_out(people, link=True)


async def test_a_session_that_the_issuer_opened_links_nothing(people: Cast) -> None:
    await linked(people)
    opened = await come_back(people, await set_out(people))
    assert opened is not None
    with pytest.raises(StepUpRequired):
        await set_out(people, opened, link=True)


@pytest.mark.parametrize("how", ["signed_out", "suspended", "another_role"])
async def test_nothing_is_linked_once_the_session_is_not_what_it_was(
    people: Cast, how: str
) -> None:
    user_id = await people.agent()
    here = await people.sign_in("ada@shop.test")
    out = await set_out(people, here, link=True)
    if how == "suspended":
        await people.change(operator(), user_id, "suspended")
    elif how == "another_role":
        await people.change(operator(), user_id, "active", role="manager")
    else:
        people.rig.clock.advance(minutes=5)
        async with people.rig.store.work(visitor().origin) as work:
            await work.sessions.end(here.session.session_id, people.rig.clock.now())
    with pytest.raises(OidcRefused):
        await come_back(people, out)
    assert (await denials(people))[-1] == ("oidc_linked", "session_changed")
    if how != "suspended":
        with pytest.raises(OidcRefused):
            await come_back(people, await set_out(people))


async def test_an_identity_opens_one_account_and_an_account_has_one_identity(
    people: Cast,
) -> None:
    first = await linked(people)
    await people.agent("bob@shop.test")
    bob = await people.sign_in("bob@shop.test")
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people, bob, link=True), "ada")
    assert (await denials(people))[-1] == ("oidc_linked", "identity_taken")
    here = await people.sign_in("ada@shop.test")
    assert await come_back(people, await set_out(people, here, link=True), "ada.new") is None
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people), "ada")
    opened = await come_back(people, await set_out(people), "ada.new")
    assert opened is not None
    assert opened.user.user_id == first
    assert await come_back(people, await set_out(people, bob, link=True), "ada") is None


async def test_of_two_that_link_one_identity_at_once_one_gets_it(people: Cast) -> None:
    outs = []
    for name in ("ada", "bob", "cyd"):
        await people.agent(f"{name}@shop.test")
        here = await people.sign_in(f"{name}@shop.test")
        outs.append(await set_out(people, here, link=True))
    ends = await asyncio.gather(
        *(come_back(people, out, "shared") for out in outs), return_exceptions=True
    )
    assert sorted(type(end).__name__ for end in ends) == ["NoneType", "OidcRefused", "OidcRefused"]


async def test_what_is_unlinked_opens_nothing(people: Cast) -> None:
    user_id = await linked(people)
    caller = signed_in(await people.sign_in("ada@shop.test"))
    await people.app.unlink_oidc(UnlinkOidc(user_id), caller)
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people))
    with pytest.raises(NotFound):
        await people.app.unlink_oidc(UnlinkOidc(user_id), caller)
    assert [e.action for e in await people.trail()].count("oidc_unlinked") == 1


async def test_whoever_resets_the_password_shuts_out_what_was_linked(people: Cast) -> None:
    await linked(people)
    await people.forget()
    await people.reset((await people.resets())[-1], NEW_PASSWORD)
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people))
    assert (await people.trail())[-2].action == "oidc_unlinked"


async def test_while_the_issuer_is_silent_nobody_gets_in_and_the_state_is_used_up(
    people: Cast,
) -> None:
    await linked(people)
    out = await set_out(people)
    said = people.rig.issuer.consent(out.address, "ada")
    command = FinishOidc(said["state"], said["code"], None, out.browser, "192.0.2.7")
    people.rig.issuer.down = True
    with pytest.raises(IssuerSilent):
        await people.app.finish_oidc(command, visitor())
    people.rig.issuer.down = False
    with pytest.raises(StateInvalid):
        await people.app.finish_oidc(command, visitor())


async def test_the_trail_and_the_text_of_commands_name_nobody(people: Cast) -> None:
    await linked(people, subject="ada.lovelace")
    with pytest.raises(OidcRefused):
        await come_back(people, await set_out(people), "bob.builder")
    trail = " ".join(event.model_dump_json() for event in await people.trail())
    assert "lovelace" not in trail
    assert "builder" not in trail
    out = await set_out(people)
    assert out.browser not in repr(out)
    assert "ada.lovelace" not in repr(OidcIdentity("i", "", "ada.lovelace"))

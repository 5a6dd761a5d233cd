"""Signing in with a second factor, on both stores."""

import asyncio
from datetime import timedelta

import pytest

from deskstream_eventstore import Database, retrying
from gateway.application.change_password import ChangePassword
from gateway.application.enable_factor import EnabledFactor, EnableFactor
from gateway.application.forgot_password import ForgotPassword
from gateway.application.offer_factor import OfferFactor
from gateway.application.open_session import SignedIn
from gateway.application.sign_in import SignIn
from gateway.application.step_up import StepUp
from gateway.domain.errors import (
    FactorBlocked,
    FactorNotBegun,
    InvalidInput,
    PendingInvalid,
    SignInFailed,
    StepUpRequired,
    WeakPassword,
    WrongCode,
)
from gateway.infra.db.housekeeping import Housekeeping
from gateway.infra.db.sessions import DbSessions
from gateway.testing import NINE, PASSWORD, PEPPERS, Cast, Rig, operator, signed_in, visitor

HOME = "192.0.2.7"
ADA = "ada@shop.test"


class Ada:
    """An agent with a second factor, and what her authenticator and her drawer hold."""

    def __init__(self, people: Cast, secret: str, opened: SignedIn, enabled: EnabledFactor) -> None:
        self.people, self.secret, self.opened = people, secret, opened
        self.token, self.recovery = enabled.token, enabled.recovery_codes

    def code(self, steps: int = 0) -> str:
        return self.people.code(self.secret, steps)


async def ada_of(people: Cast) -> Ada:
    await people.agent()
    opened = await people.sign_in(ADA)
    secret, enabled = await people.set_factor(opened)
    people.rig.clock.advance(minutes=1)
    return Ada(people, secret, opened, enabled)


@pytest.fixture
async def ada(people: Cast) -> Ada:
    return await ada_of(people)


async def test_the_first_code_of_a_shown_secret_enables_it_and_ends_other_sessions(
    people: Cast,
) -> None:
    user_id = await people.agent()
    other, here = await people.sign_in(ADA), await people.sign_in(ADA)
    people.rig.clock.advance(minutes=2)
    _, enabled = await people.set_factor(here)
    assert len(set(enabled.recovery_codes)) == 10
    assert await people.rig.sessions.find(other.token) is None
    facts = await people.rig.sessions.find(enabled.token)
    assert facts is not None
    assert facts.session_id == here.session.session_id
    assert facts.proven_at == NINE + timedelta(minutes=2)
    assert (await people.rig.queries.user(user_id)).has_factor
    assert [e.TYPE for e in await people.events(user_id)][-1] == "gateway.user.factor_enabled.v1"
    last = (await people.trail())[-1]
    assert (last.action, last.target) == ("factor_enabled", f"user:{user_id}")


async def test_no_secret_is_shown_without_a_fresh_proof(people: Cast) -> None:
    await people.agent()
    caller = signed_in(await people.sign_in(ADA))
    people.rig.clock.advance(minutes=10, seconds=1)
    for proven_at in (NINE, None):
        with pytest.raises(StepUpRequired):
            await people.app.offer_factor(OfferFactor(proven_at), caller)
    with pytest.raises(FactorNotBegun):
        await people.app.enable_factor(EnableFactor("123456", HOME), caller)


async def test_a_wrong_first_code_enables_nothing_and_the_secret_waits_on(people: Cast) -> None:
    user_id = await people.agent()
    caller = signed_in(await people.sign_in(ADA))
    offered = await people.app.offer_factor(OfferFactor(NINE), caller)
    wrong = people.code(offered.secret, 5)
    with pytest.raises(WrongCode):
        await people.app.enable_factor(EnableFactor(wrong, HOME), caller)
    assert not (await people.rig.queries.user(user_id)).has_factor
    right = EnableFactor(people.code(offered.secret), HOME)
    people.rig.clock.advance(minutes=10, seconds=1)
    with pytest.raises(FactorNotBegun):
        await people.app.enable_factor(right, caller)


async def test_password_and_code_open_a_session(people: Cast, ada: Ada) -> None:
    pending = await people.first_step()
    opened = await people.second_step(pending, ada.code())
    facts = await people.rig.sessions.find(opened.token)
    assert facts is not None
    assert facts.proven_at == people.rig.clock.now()
    told = [(e.action, e.outcome, e.code) for e in await people.trail()][-2:]
    assert told == [("signed_in", "denied", "factor_pending"), ("signed_in", "ok", None)]
    with pytest.raises(PendingInvalid):
        await people.second_step(pending, ada.code(1))


async def test_a_code_counts_once_wherever_it_is_used(people: Cast, ada: Ada) -> None:
    used = ada.code()
    await people.second_step(await people.first_step(), used)
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), used)
    with pytest.raises(WrongCode):
        await people.app.step_up(StepUp(HOME, code=used), signed_in(ada.opened))
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), ada.code(-1))
    assert await people.second_step(await people.first_step(), ada.code(1))


async def test_the_code_that_enabled_a_factor_signs_nobody_in(people: Cast) -> None:
    await people.agent()
    opened = await people.sign_in(ADA)
    secret, _ = await people.set_factor(opened)
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), people.code(secret))


async def test_each_recovery_code_lets_in_once(people: Cast, ada: Ada) -> None:
    assert await people.second_step(await people.first_step(), ada.recovery[0].upper())
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), ada.recovery[0])
    await people.app.step_up(StepUp(HOME, code=ada.recovery[1]), signed_in(ada.opened))
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), ada.recovery[1])


async def test_another_factor_replaces_the_one_before_and_its_recovery_codes(
    people: Cast, ada: Ada
) -> None:
    secret, enabled = await people.set_factor(ada.opened)
    people.rig.clock.advance(minutes=1)
    for old in (ada.code(), ada.recovery[0]):
        with pytest.raises(WrongCode):
            await people.second_step(await people.first_step(), old)
    assert await people.second_step(await people.first_step(), people.code(secret))
    assert await people.second_step(await people.first_step(), enabled.recovery_codes[0])


async def test_until_its_first_code_another_secret_changes_nothing(people: Cast, ada: Ada) -> None:
    await people.app.offer_factor(OfferFactor(people.rig.clock.now()), signed_in(ada.opened))
    assert await people.second_step(await people.first_step(), ada.code())


async def test_a_pending_sign_in_lasts_five_minutes_and_five_tries(people: Cast, ada: Ada) -> None:
    late = await people.first_step()
    people.rig.clock.advance(minutes=5)
    with pytest.raises(PendingInvalid):
        await people.second_step(late, ada.code())
    pending = await people.first_step()
    for _ in range(5):
        with pytest.raises(WrongCode):
            await people.second_step(pending, ada.code(5))
    people.rig.clock.advance(minutes=1)
    with pytest.raises(PendingInvalid):
        await people.second_step(pending, ada.code())
    with pytest.raises(PendingInvalid):
        await people.second_step("x" * 43, ada.code())


async def test_wrong_codes_make_the_next_wait_over_all_sign_ins(people: Cast, ada: Ada) -> None:
    for _ in range(5):
        with pytest.raises(WrongCode):
            await people.second_step(await people.first_step(), ada.code(5))
    with pytest.raises(FactorBlocked) as blocked:
        await people.second_step(await people.first_step(), ada.code())
    assert blocked.value.retry_after == 1
    with pytest.raises(FactorBlocked):
        await people.app.step_up(StepUp(HOME, code=ada.recovery[0]), signed_in(ada.opened))
    assert [e.action for e in await people.trail()].count("locked") == 1
    people.rig.clock.advance(seconds=1)
    assert await people.second_step(await people.first_step(), ada.code())


async def test_a_new_password_and_suspension_void_pending_sign_ins(people: Cast, ada: Ada) -> None:
    pending = await people.first_step()
    change = ChangePassword(PASSWORD, "nine green doors sing", HOME)
    await people.app.change_password(change, signed_in(ada.opened))
    with pytest.raises(PendingInvalid):
        await people.second_step(pending, ada.code())
    await people.forget()
    await people.reset((await people.resets())[-1], PASSWORD)
    pending = await people.first_step()
    await people.change(operator(), await people.id_of(ADA), "suspended")
    with pytest.raises(PendingInvalid):
        await people.second_step(pending, ada.code())
    with pytest.raises(SignInFailed):
        await people.first_step()


async def test_stepping_up_takes_the_code_and_not_the_password(people: Cast, ada: Ada) -> None:
    caller = signed_in(ada.opened)
    with pytest.raises(InvalidInput) as told:
        await people.app.step_up(StepUp(HOME, password=PASSWORD), caller)
    assert told.value.field == "code"
    done = await people.app.step_up(StepUp(HOME, code=ada.code()), caller)
    facts = await people.rig.sessions.find(done.token)
    assert facts is not None
    assert facts.proven_at == people.rig.clock.now()


async def test_with_a_factor_twelve_characters_are_enough(people: Cast, ada: Ada) -> None:
    short, caller = "xk7-lamps-hum", signed_in(ada.opened)
    await people.app.change_password(ChangePassword(PASSWORD, short, HOME), caller)
    with pytest.raises(WeakPassword):
        await people.app.change_password(ChangePassword(short, "xk7-lamps-h", HOME), caller)
    await people.app.forgot_password(ForgotPassword(ADA, HOME), visitor())
    await people.reset((await people.resets())[-1], "xk8-lamps-hum")


async def test_of_two_uses_of_one_code_at_once_one_wins(real_rig: Rig) -> None:
    people = Cast(real_rig)
    await people.support()
    ada = await ada_of(people)
    for code in (ada.code(), ada.recovery[0]):
        tokens = [await people.first_step() for _ in range(4)]
        uses = [people.second_step(token, code) for token in tokens]
        step_ups = [
            people.app.step_up(StepUp(HOME, code=code), signed_in(ada.opened)) for _ in range(4)
        ]
        found = await asyncio.gather(*uses, *step_ups, return_exceptions=True)
        right = [one for one in found if not isinstance(one, BaseException)]
        assert len(right) == 1, found
        assert {type(one) for one in found if one not in right} <= {WrongCode, FactorBlocked}
        people.rig.clock.advance(minutes=15)


async def test_of_two_uses_of_one_pending_sign_in_at_once_one_wins(real_rig: Rig) -> None:
    people = Cast(real_rig)
    await people.support()
    ada = await ada_of(people)
    pending = await people.first_step()
    codes = (ada.code(), ada.code(1), *ada.recovery[:2])
    uses = [people.second_step(pending, code) for code in codes]
    found = await asyncio.gather(*uses, return_exceptions=True)
    assert sum(isinstance(one, SignedIn) for one in found) == 1, found
    assert {type(one) for one in found} == {SignedIn, PendingInvalid}


async def test_where_it_is_mandatory_admins_and_managers_owe_one_until_they_set_it(
    real_rig: Rig, database: Database
) -> None:
    people, clock = Cast(real_rig), real_rig.clock
    await people.support()
    await people.admin()
    await people.agent("max@shop.test", "manager")
    await people.agent()
    sessions = DbSessions(database, clock, PEPPERS.session, factor_mandatory=True)
    due = {}
    for email in ("root@shop.test", "max@shop.test", ADA):
        opened = await people.sign_in(email)
        facts = await sessions.find(opened.token)
        assert facts is not None
        due[email] = facts.factor_due
    assert due == {"root@shop.test": True, "max@shop.test": True, ADA: False}
    _, enabled = await people.set_factor(await people.sign_in("root@shop.test"))
    facts = await sessions.find(enabled.token)
    assert facts is not None
    assert not facts.factor_due


async def test_pending_sign_ins_are_forgotten_when_they_are_over(
    real_rig: Rig, database: Database
) -> None:
    people = Cast(real_rig)
    await people.support()
    ada = await ada_of(people)
    await people.first_step()
    housekeeping = Housekeeping(database, real_rig.clock)
    assert await housekeeping.sweep() == 0
    people.rig.clock.advance(minutes=5, seconds=1)
    assert await housekeeping.sweep() == 1
    assert await people.second_step(await people.first_step(), ada.code())


async def test_signing_in_while_a_factor_is_enabled_leaves_no_session_without_it(
    real_rig: Rig,
) -> None:
    people = Cast(real_rig)
    await people.support()
    await people.agent()
    caller = signed_in(await people.sign_in(ADA))
    secret = (await people.app.offer_factor(OfferFactor(NINE), caller)).secret
    enable = people.app.enable_factor(EnableFactor(people.code(secret), HOME), caller)
    sign_in = SignIn(ADA, PASSWORD, HOME)
    tries = [retrying(lambda: people.app.sign_in(sign_in, visitor())) for _ in range(6)]
    enabled, *found = await asyncio.gather(enable, *tries)
    assert isinstance(enabled, EnabledFactor)
    left = [one for one in found if isinstance(one, SignedIn)]
    assert [await people.rig.sessions.find(one.token) for one in left] == [None] * len(left)

"""A fresh proof of a session's owner, on both stores."""

from datetime import timedelta

import pytest

from gateway.application.step_up import StepUp
from gateway.domain.errors import Forbidden, WrongPassword
from gateway.testing import NINE, PASSWORD, Cast, operator, signed_in

HOME = "192.0.2.7"


async def test_the_right_password_proves_and_gives_the_session_another_token(people: Cast) -> None:
    user_id = await people.agent()
    opened = await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=25)
    done = await people.app.step_up(StepUp(HOME, password=PASSWORD), signed_in(opened))
    assert done.until == NINE + timedelta(minutes=35)
    facts = await people.rig.sessions.find(done.token)
    assert facts is not None
    assert facts.session_id == opened.session.session_id
    assert facts.proven_at == NINE + timedelta(minutes=25)
    assert done.token != opened.token
    told = [(e.action, e.outcome, e.target) for e in await people.trail()][-1]
    assert told == ("stepped_up", "ok", f"user:{user_id}")


async def test_a_wrong_password_proves_nothing(people: Cast) -> None:
    await people.agent()
    opened = await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=25)
    with pytest.raises(WrongPassword):
        await people.app.step_up(StepUp(HOME, password="wrong horse"), signed_in(opened))
    facts = await people.rig.sessions.find(opened.token)
    assert facts is not None
    assert facts.proven_at == NINE


async def test_the_proof_is_of_one_session_alone(people: Cast) -> None:
    await people.agent()
    here, there = await people.sign_in("ada@shop.test"), await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=25)
    await people.app.step_up(StepUp(HOME, password=PASSWORD), signed_in(here))
    facts = await people.rig.sessions.find(there.token)
    assert facts is not None
    assert facts.proven_at == NINE
    with pytest.raises(Forbidden):
        await people.app.step_up(StepUp(HOME, password=PASSWORD), operator())

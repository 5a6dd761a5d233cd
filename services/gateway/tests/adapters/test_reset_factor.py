"""Somebody lost his second factor, on both stores."""

from uuid import uuid4

import pytest

from deskstream_events.gateway.user import FactorDisabledV1
from gateway.application.reset_factor import ResetFactor
from gateway.domain.errors import Forbidden, NoFactor, NotFound, OwnRole, PendingInvalid, WrongCode
from gateway.testing import Cast, operator, signed_in

ADA = "ada@shop.test"


async def test_an_admin_takes_it_off_and_the_password_alone_signs_in_again(people: Cast) -> None:
    user_id, root = await people.agent(), await people.admin()
    opened = await people.sign_in(ADA)
    secret, enabled = await people.set_factor(opened)
    pending = await people.first_step()
    admin = signed_in(await people.sign_in("root@shop.test"))
    await people.app.reset_factor(ResetFactor(user_id, "lost the telephone"), admin)
    assert await people.rig.sessions.find(enabled.token) is None
    people.rig.clock.advance(minutes=1)
    with pytest.raises(PendingInvalid):
        await people.second_step(pending, people.code(secret))
    assert await people.sign_in(ADA)
    assert not (await people.rig.queries.user(user_id)).has_factor
    event = (await people.events(user_id))[-1]
    assert isinstance(event, FactorDisabledV1)
    assert (event.disabled_by, event.reason) == (root, "lost the telephone")
    told = [(e.action, e.principal, e.target) for e in await people.trail()]
    assert ("factor_disabled", f"user:{root}", f"user:{user_id}") in told


async def test_old_recovery_codes_do_not_open_the_next_factor(people: Cast) -> None:
    user_id = await people.agent()
    _, enabled = await people.set_factor(await people.sign_in(ADA))
    await people.app.reset_factor(ResetFactor(user_id), operator())
    people.rig.clock.advance(minutes=1)
    await people.set_factor(await people.sign_in(ADA))
    with pytest.raises(WrongCode):
        await people.second_step(await people.first_step(), enabled.recovery_codes[0])


async def test_only_an_admin_or_the_operator_may_and_nobody_for_himself(people: Cast) -> None:
    user_id, root = await people.agent(), await people.admin()
    await people.agent("max@shop.test", "manager")
    await people.set_factor(await people.sign_in(ADA))
    manager = signed_in(await people.sign_in("max@shop.test"))
    admin = signed_in(await people.sign_in("root@shop.test"))
    with pytest.raises(Forbidden):
        await people.app.reset_factor(ResetFactor(user_id), manager)
    with pytest.raises(OwnRole):
        await people.app.reset_factor(ResetFactor(root), admin)
    with pytest.raises(NotFound):
        await people.app.reset_factor(ResetFactor(uuid4()), admin)
    await people.app.reset_factor(ResetFactor(user_id), admin)
    with pytest.raises(NoFactor):
        await people.app.reset_factor(ResetFactor(user_id), operator())

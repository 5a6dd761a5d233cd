"""API keys, over the fake and over PostgreSQL alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from deskstream_chassis.caller import Caller
from deskstream_eventstore import AnswerNotKept, Idempotency, KeyReused
from gateway.application.create_key import CreatedKey, CreateKey
from gateway.application.revoke_key import RevokeKey
from gateway.application.rotate_key import RotateKey
from gateway.domain.errors import Forbidden, InvalidInput, NotFound, UnknownScope, WrongState
from gateway.testing import NINE, Cast, operator, signed_in, visitor

SHOP = CreateKey("Web shop", ("tickets:create", "tickets:view"), rate_per_minute=120)


async def make(people: Cast, command: CreateKey = SHOP, by: Caller | None = None) -> CreatedKey:
    return await people.app.create_key(command, by or operator())


async def test_a_new_key_works_at_once_with_its_scopes_and_rate(people: Cast) -> None:
    made = await make(people)
    facts = await people.rig.keys.find(made.secret)
    assert facts is not None
    assert (facts.key_id, facts.name, facts.rate_per_minute) == (made.key.key_id, "Web shop", 120)
    assert facts.scopes == {"tickets:create", "tickets:view"}


async def test_a_changed_secret_is_no_key(people: Cast) -> None:
    one, two = await make(people), await make(people)
    assert await people.rig.keys.find(one.secret[:-1] + "#") is None
    assert await people.rig.keys.find("ds_live_nonsense") is None
    mixed = two.secret.replace(two.key.key_id, one.key.key_id)
    assert await people.rig.keys.find(mixed) is None


async def test_a_key_ends_when_it_expires(people: Cast) -> None:
    made = await make(people, replace(SHOP, expires_at=NINE + timedelta(hours=1)))
    assert await people.rig.keys.find(made.secret) is not None
    people.rig.clock.advance(hours=1)
    assert await people.rig.keys.find(made.secret) is None


async def test_a_revoked_key_never_works_again(people: Cast) -> None:
    made = await make(people)
    await people.app.revoke_key(RevokeKey(made.key.key_id), operator())
    assert await people.rig.keys.find(made.secret) is None
    with pytest.raises(NotFound):
        await people.app.revoke_key(RevokeKey(made.key.key_id), operator())


async def test_the_list_shows_every_key_and_no_secret(people: Cast) -> None:
    one, two = await make(people), await make(people, replace(SHOP, name="Nightly job"))
    await people.app.revoke_key(RevokeKey(one.key.key_id), operator())
    listed = {key.key_id: key for key in await people.rig.queries.keys()}
    assert set(listed) == {one.key.key_id, two.key.key_id}
    assert listed[one.key.key_id].revoked_at == NINE
    assert listed[two.key.key_id] == two.key
    for key in listed.values():
        assert one.secret.split("_")[3] not in repr(key)


async def rotate(people: Cast, made: CreatedKey, overlap: timedelta) -> CreatedKey:
    return await people.app.rotate_key(RotateKey(made.key.key_id, overlap), operator())


async def test_old_and_new_secret_both_work_while_they_overlap(people: Cast) -> None:
    made = await make(people)
    fresh = await rotate(people, made, timedelta(hours=2))
    assert fresh.secret != made.secret
    assert fresh.key == replace(made.key, previous_until=NINE + timedelta(hours=2))
    for secret in (made.secret, fresh.secret):
        assert await people.rig.keys.find(secret) is not None
    people.rig.clock.advance(hours=2)
    assert await people.rig.keys.find(made.secret) is None
    facts = await people.rig.keys.find(fresh.secret)
    assert facts is not None
    assert (facts.scopes, facts.rate_per_minute) == ({"tickets:create", "tickets:view"}, 120)
    assert await people.rig.queries.keys() == [fresh.key]


async def test_without_an_overlap_the_old_secret_is_dead_at_once(people: Cast) -> None:
    made = await make(people)
    fresh = await rotate(people, made, timedelta(0))
    assert await people.rig.keys.find(made.secret) is None
    assert await people.rig.keys.find(fresh.secret) is not None


async def test_never_more_than_two_secrets_work(people: Cast) -> None:
    first = await make(people)
    second = await rotate(people, first, timedelta(hours=24))
    third = await rotate(people, first, timedelta(hours=24))
    assert await people.rig.keys.find(first.secret) is None
    for living in (second, third):
        assert await people.rig.keys.find(living.secret) is not None
    await people.app.revoke_key(RevokeKey(first.key.key_id), operator())
    for dead in (second, third):
        assert await people.rig.keys.find(dead.secret) is None


async def test_what_is_over_or_too_long_is_not_rotated(people: Cast) -> None:
    short = await make(people, replace(SHOP, expires_at=NINE + timedelta(hours=1)))
    gone = await make(people)
    await people.app.revoke_key(RevokeKey(gone.key.key_id), operator())
    for overlap in (timedelta(seconds=-1), timedelta(hours=24, seconds=1)):
        with pytest.raises(InvalidInput):
            await rotate(people, short, overlap)
    overlapping = await rotate(people, short, timedelta(hours=24))
    people.rig.clock.advance(hours=1)
    for expired in (short, overlapping):
        assert await people.rig.keys.find(expired.secret) is None
    with pytest.raises(WrongState):
        await rotate(people, short, timedelta(0))
    with pytest.raises(NotFound):
        await rotate(people, gone, timedelta(0))
    await people.agent("boss@shop.test", role="manager")
    manager = signed_in(await people.sign_in("boss@shop.test"))
    with pytest.raises(Forbidden):
        await people.app.rotate_key(RotateKey(short.key.key_id, timedelta(0)), manager)


async def test_a_rotation_is_on_the_trail_by_id(people: Cast) -> None:
    made = await make(people)
    fresh = await rotate(people, made, timedelta(0))
    last = (await people.trail())[-1]
    assert (last.action, last.target) == ("key_rotated", f"key:{made.key.key_id}")
    assert fresh.secret not in last.model_dump_json()


async def test_unknown_scopes_and_impossible_lives_are_refused(people: Cast) -> None:
    with pytest.raises(UnknownScope):
        await make(people, replace(SHOP, scopes=("tickets:everything",)))
    with pytest.raises(InvalidInput):
        await make(people, replace(SHOP, expires_at=NINE))
    with pytest.raises(InvalidInput):
        await make(people, replace(SHOP, name=" \n "))
    assert await people.rig.queries.keys() == []


async def test_only_admins_make_and_revoke_keys(people: Cast) -> None:
    made = await make(people)
    await people.agent("boss@shop.test", role="manager")
    manager = signed_in(await people.sign_in("boss@shop.test"))
    with pytest.raises(UnknownScope):
        await make(people, by=manager)
    with pytest.raises(Forbidden):
        await make(people, by=visitor())
    with pytest.raises(Forbidden):
        await people.app.revoke_key(RevokeKey(made.key.key_id), manager)


async def test_a_repeated_request_shows_no_secret_again(people: Cast) -> None:
    caller = operator()
    key = Idempotency(caller.actor.ref, "POST", "/api/keys", "once", "body-1")
    keyed = replace(caller, origin=replace(caller.origin, idempotency=key))
    await make(people, by=keyed)
    with pytest.raises(AnswerNotKept):
        await make(people, by=keyed)
    other = replace(key, fingerprint="body-2")
    with pytest.raises(KeyReused):
        await make(people, by=replace(caller, origin=replace(caller.origin, idempotency=other)))
    assert len(await people.rig.queries.keys()) == 1


async def test_a_repeated_command_is_done_once_and_answered_again(people: Cast) -> None:
    user_id = await people.agent()
    caller = operator()
    key = Idempotency(caller.actor.ref, "POST", "/api/admin/users/x/status", "once", "body")
    keyed = replace(caller, origin=replace(caller.origin, idempotency=key))
    await people.change(keyed, user_id, "suspended")
    await people.change(operator(), user_id, "active")
    await people.change(keyed, user_id, "suspended")
    assert (await people.rig.queries.user(user_id)).status == "active"


async def test_keys_are_on_the_trail_by_id(people: Cast) -> None:
    await people.admin()
    admin = signed_in(await people.sign_in("root@shop.test"))
    made = await make(people, by=admin)
    await people.app.revoke_key(RevokeKey(made.key.key_id), admin)
    told = [(e.action, e.principal, e.target) for e in await people.trail()][-2:]
    ref = f"key:{made.key.key_id}"
    assert told == [("key_created", admin.actor.ref, ref), ("key_revoked", admin.actor.ref, ref)]
    assert made.secret not in " ".join(e.model_dump_json() for e in await people.trail())

"""Accounts from a shell of the installation, and what the trail says of it."""

from typing import Any

import pytest

from deskstream_chassis.operations import OperationFailed
from gateway.interface.user_commands import user_commands
from gateway.testing import Cast, Rig

ADA = "Ada@Shop.test"


@pytest.fixture
async def people(fake_rig: Rig) -> Cast:
    cast = Cast(fake_rig)
    await cast.support()
    await cast.admin()
    return cast


async def say(people: Cast, verb: str, *arguments: str) -> Any:
    return await user_commands(people.app)[f"user-{verb}"](arguments)


async def test_accounts_are_listed_without_what_is_personal(people: Cast) -> None:
    user_id = await people.agent()
    listed = (await say(people, "list"))["items"]
    assert {(row["id"], row["role"], row["status"]) for row in listed} >= {
        (user_id, "agent", "active")
    }
    assert "shop.test" not in str(listed)
    shown = (await say(people, "list", "--personal", "--status", "active"))["items"]
    assert {row["email"] for row in shown} == {"root@shop.test", "ada@shop.test"}
    assert (await say(people, "list", "--status", "suspended"))["items"] == []


async def test_someone_is_let_in_gets_another_role_and_is_shut_out(people: Cast) -> None:
    await people.register()
    await people.verify((await people.tokens())[-1])
    assert (await say(people, "role", ADA, "agent"))["role"] == "agent"
    user_id = await people.id_of(ADA)
    assert (await say(people, "role", str(user_id), "manager"))["role"] == "manager"
    gone = await say(people, "suspend", ADA, "--reason", "left the house")
    assert gone["status"] == "suspended"
    told = [(e.action, e.principal) for e in await people.trail() if e.target == f"user:{user_id}"]
    assert told[-3:] == [
        ("user_approved", "system:operator"),
        ("role_changed", "system:operator"),
        ("user_suspended", "system:operator"),
    ]


async def test_a_lost_factor_is_taken_off(people: Cast) -> None:
    await people.agent()
    await people.set_factor(await people.sign_in("ada@shop.test"))
    done = await say(people, "reset-factor", ADA, "--reason", "lost her telephone")
    assert done["has_factor"] is False
    assert await people.sign_in("ada@shop.test")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("suspend", "nobody@shop.test", "--reason", "x"), "not_found"),
        (("suspend", "0198e0f2-0000-7000-8000-000000000000", "--reason", "x"), "not_found"),
        (("suspend", "root@shop.test", "--reason", "x"), "last_admin"),
        (("role", "root@shop.test", "agent"), "last_admin"),
        (("reset-factor", "root@shop.test", "--reason", "x"), "no_factor"),
        (("suspend", "root@shop.test"), "usage"),
        (("role", "root@shop.test", "owner"), "usage"),
        (("list", "--status", "gone"), "usage"),
    ],
)
async def test_what_cannot_be_done_is_told_by_its_code(
    people: Cast, arguments: tuple[str, ...], code: str
) -> None:
    with pytest.raises(OperationFailed) as failed:
        await say(people, *arguments)
    assert str(failed.value).split(":")[0] == code

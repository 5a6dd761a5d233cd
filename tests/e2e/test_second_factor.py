"""A second factor from its first code to its loss, on the running stack."""

import time
from typing import Any

import pytest
from e2e.people import PASSWORD, Desk, Member
from pyotp import TOTP

from deskstream_tools.demo.http import Session
from deskstream_tools.demo.mail import text_of


@pytest.fixture
async def ada(desk: Desk) -> Member:
    return await desk.join("agent")


def code(secret: str, steps: int = 0) -> str:
    return TOTP(secret).at(time.time(), counter_offset=steps)


async def set_factor(member: Member) -> tuple[str, list[str]]:
    """Secret and recovery codes."""
    offered = await member.session.json("POST", "/api/auth/factor", 200, json={})
    body = {"code": code(offered["secret"], -1)}
    enabled = await member.session.json("POST", "/api/auth/factor", 200, json=body)
    return offered["secret"], enabled["recovery_codes"]


async def first_step(visitor: Session, member: Member) -> str:
    body = {"email": member.email, "password": PASSWORD}
    found: dict[str, Any] = await visitor.json("POST", "/api/auth/login", 200, json=body)
    assert set(found) == {"pending", "expires_at"}
    return str(found["pending"])


@pytest.mark.threat("A2")
async def test_a_factor_is_set_used_once_per_code_lost_and_taken_off(
    desk: Desk, ada: Member
) -> None:
    secret, recovery = await set_factor(ada)
    assert text_of(await desk.mailbox.first(ada.email, "second factor protects"))
    who = await ada.session.json("GET", "/api/auth/session", 200)
    assert who["has_factor"] is True

    visitor, used = desk.visitor(), code(secret)
    body = {"pending": await first_step(visitor, ada), "code": used}
    opened = await visitor.json("POST", "/api/auth/factor/verify", 200, json=body)
    assert opened["user"]["id"] == ada.id

    replayed = {"pending": await first_step(desk.visitor(), ada), "code": used}
    refused = await desk.visitor().json("POST", "/api/auth/factor/verify", 403, json=replayed)
    assert refused["code"] == "wrong_code"
    saved = {"pending": replayed["pending"], "code": recovery[0]}
    await desk.visitor().call("POST", "/api/auth/factor/verify", 200, json=saved)

    path = f"/api/admin/users/{ada.id}/reset-factor"
    shown = await desk.admin.json("POST", path, 200, json={"reason": "lost the telephone"})
    assert shown["has_factor"] is False
    told = text_of(await desk.mailbox.first(ada.email, "taken off"))
    assert "telephone" not in told
    assert (await visitor.send("GET", "/api/auth/session")).status_code == 401
    await desk.visitor().sign_in(ada.email, PASSWORD)

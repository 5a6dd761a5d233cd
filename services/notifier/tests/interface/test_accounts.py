"""Mails about staff accounts."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from deskstream_events.gateway.user import (
    EmailVerifiedV1,
    FactorDisabledV1,
    FactorEnabledV1,
    NewDeviceSeenV1,
    PasswordResetRequestedV1,
    RoleChangedV1,
    UserApprovedV1,
    UserRegisteredV1,
    UserReinstatedV1,
    UserSuspendedV1,
    VerificationRequestedV1,
)

TOKEN = "secret-link-token-of-mia"


async def registered(desk: Any, email: str = "mia@shop.test", name: str = "Mia") -> UUID:
    user = uuid4()
    await desk.tell(user, UserRegisteredV1(at=desk.now, user_id=user, email=email, name=name))
    return user


async def active(desk: Any, role: str, email: str) -> UUID:
    user = await registered(desk, email, role)
    await desk.tell(
        user,
        UserApprovedV1(at=desk.now, user_id=user, role=role, teams=()),
    )
    return user


def link_asked(desk: Any, user: UUID) -> VerificationRequestedV1:
    return VerificationRequestedV1(
        at=desk.now,
        user_id=user,
        email="mia@shop.test",
        name="Mia",
        sealed_token=desk.sealed(TOKEN),
        expires_at=desk.now + timedelta(hours=24),
    )


async def test_the_link_is_mailed_and_its_token_is_nowhere_else(desk: Any) -> None:
    user = await registered(desk)
    await desk.tell(user, link_asked(desk, user))
    assert TOKEN not in await desk.everything_stored()
    await desk.work_off()
    (mail,) = desk.mails()
    assert f"https://desk.shop.test/verify-email?token={TOKEN}" in mail.get_body(
        ("plain",)
    ).get_content().replace("=\n", "")
    assert mail["To"] == "mia@shop.test"
    assert b"Mia" not in desk.server.accepted[0].content
    stored = await desk.everything_stored()
    assert TOKEN not in stored
    assert "sealed_token" not in stored
    assert await desk.facts() == ["queued", "sent"]


async def test_a_link_that_ran_out_while_waiting_is_not_mailed(desk: Any) -> None:
    user = await registered(desk)
    await desk.tell(user, link_asked(desk, user))
    desk.clock.advance(hours=24)
    await desk.work_off()
    assert desk.mails() == []
    (failed,) = [one.event for one in await desk.recorded() if one.version == 2]
    assert failed.code == "link_expired"


async def test_a_reset_link_is_mailed_once_and_its_token_is_nowhere_else(desk: Any) -> None:
    user = await active(desk, "agent", "mia@shop.test")
    await desk.work_off()
    asked = PasswordResetRequestedV1(
        at=desk.now,
        user_id=user,
        email="mia@shop.test",
        name="Mia",
        sealed_token=desk.sealed(TOKEN),
        expires_at=desk.now + timedelta(minutes=15),
    )
    await desk.tell(user, asked)
    await desk.work_off()
    mail = desk.mails()[-1]
    assert mail["To"].addresses[0].addr_spec == "mia@shop.test"
    assert f"https://desk.shop.test/reset-password?token={TOKEN}" in mail.get_body(
        ("plain",)
    ).get_content().replace("=\n", "")
    stored = await desk.everything_stored()
    assert TOKEN not in stored
    assert "sealed_token" not in stored


async def test_a_sign_in_from_a_new_device_is_told_once_to_its_owner(desk: Any) -> None:
    user = await active(desk, "agent", "mia@shop.test")
    await desk.work_off()
    before = len(desk.mails())
    seen = NewDeviceSeenV1(at=desk.now, user_id=user, device="Firefox, Linux")
    await desk.tell(user, seen)
    await desk.work_off()
    (mail,) = desk.mails()[before:]
    assert mail["To"].addresses[0].addr_spec == "mia@shop.test"
    assert "new sign-in" in mail["Subject"]
    text = mail.get_body(("plain",)).get_content()
    assert "Firefox, Linux" in text
    assert "UTC" in text


async def test_all_active_admins_are_told_that_someone_waits(desk: Any) -> None:
    await active(desk, "admin", "a@shop.test")
    await active(desk, "admin", "b@shop.test")
    await active(desk, "manager", "c@shop.test")
    gone = await active(desk, "admin", "d@shop.test")
    await desk.tell(gone, UserSuspendedV1(at=desk.now, user_id=gone))
    user = await registered(desk)
    await desk.tell(user, EmailVerifiedV1(at=desk.now, user_id=user))
    await desk.work_off()
    assert sorted(mail["To"].addresses[0].addr_spec for mail in desk.mails()) == [
        "a@shop.test",
        "b@shop.test",
    ]
    assert all("Mia" in mail["Subject"] for mail in desk.mails())


async def test_someone_let_in_is_told_and_an_operators_account_is_not(desk: Any) -> None:
    await active(desk, "admin", "first@shop.test")
    user = await registered(desk)
    approved = UserApprovedV1(
        at=desk.now, user_id=user, role="agent", teams=(), approved_by=uuid4()
    )
    await desk.tell(user, approved)
    await desk.work_off()
    (mail,) = desk.mails()
    assert mail["To"].addresses[0].addr_spec == "mia@shop.test"
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_he_is_told_of_another_second_factor_and_of_its_end(desk: Any) -> None:
    user = await active(desk, "agent", "mia@shop.test")
    await desk.work_off()
    reason = "lost her telephone"
    await desk.tell(
        user,
        FactorEnabledV1(at=desk.now, user_id=user),
        FactorDisabledV1(at=desk.now, user_id=user, disabled_by=uuid4(), reason=reason),
    )
    await desk.work_off()
    mails = desk.mails()[-2:]
    assert {mail["Subject"] for mail in mails} == {
        "A second factor protects your account",
        "Your second factor was taken off",
    }
    assert {mail["To"].addresses[0].addr_spec for mail in mails} == {"mia@shop.test"}
    assert not any(reason in str(mail) for mail in mails)


async def test_role_and_standing_are_followed(desk: Any) -> None:
    user = await active(desk, "agent", "a@shop.test")
    at = desk.now
    await desk.tell(
        user,
        RoleChangedV1(at=at, user_id=user, role="admin", previous="agent"),
        UserSuspendedV1(at=at, user_id=user),
    )
    assert [dict(row) for row in await desk.rows("select role, status from person")] == [
        {"role": "admin", "status": "suspended"}
    ]
    await desk.tell(user, UserReinstatedV1(at=at, user_id=user))
    assert [row["status"] for row in await desk.rows("select status from person")] == ["active"]


async def test_one_never_approved_comes_back_as_he_was(desk: Any) -> None:
    user = await registered(desk)
    await desk.tell(
        user,
        UserSuspendedV1(at=desk.now, user_id=user),
        UserReinstatedV1(at=desk.now, user_id=user),
    )
    assert [row["status"] for row in await desk.rows("select status from person")] == ["registered"]

"""Accounts through the use cases, over the fake and over PostgreSQL alike."""

from datetime import timedelta
from uuid import uuid4

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.gateway.user import (
    EmailVerifiedV1,
    PasswordChangedV1,
    UserApprovedV1,
    UserRegisteredV1,
    VerificationRequestedV1,
)
from gateway.application.change_password import ChangePassword
from gateway.application.own_sessions import EndSession
from gateway.application.resend_verification import ResendVerification
from gateway.application.set_user_teams import SetUserTeams
from gateway.application.sign_out import SignOut
from gateway.domain.errors import (
    EmailTaken,
    Forbidden,
    LinkInvalid,
    NotFound,
    SignInFailed,
    UnknownTeam,
    WeakPassword,
    WrongPassword,
)
from gateway.testing import PASSWORD, Cast, operator, signed_in, visitor

NEW_PASSWORD = "nine green doors sing"


async def test_registering_mails_a_link_that_makes_the_account_wait(people: Cast) -> None:
    await people.register()
    (token,) = await people.tokens()
    await people.verify(token)
    user_id = await people.id_of("ada@shop.test")
    kinds = [type(event) for event in await people.events(user_id)]
    assert kinds == [UserRegisteredV1, VerificationRequestedV1, EmailVerifiedV1]
    assert (await people.rig.queries.user(user_id)).status == "waiting"


async def test_a_link_works_once(people: Cast) -> None:
    await people.register()
    (token,) = await people.tokens()
    await people.verify(token)
    with pytest.raises(LinkInvalid):
        await people.verify(token)


async def test_a_link_works_for_24_hours(people: Cast) -> None:
    await people.register()
    (token,) = await people.tokens()
    people.rig.clock.advance(hours=24)
    with pytest.raises(LinkInvalid):
        await people.verify(token)


async def test_an_invented_link_does_not_work(people: Cast) -> None:
    with pytest.raises(LinkInvalid):
        await people.verify("A" * 43)


async def test_a_second_registration_mails_again_and_makes_no_second_account(people: Cast) -> None:
    await people.register("ada@shop.test")
    await people.register("Ada@SHOP.test")
    assert len(await people.tokens()) == 2
    assert len(await people.rig.queries.users(status=None, after=None, limit=9)) == 1


async def test_the_password_is_the_one_chosen_when_the_used_link_was_asked_for(
    people: Cast,
) -> None:
    await people.register(password="the first ones choice")
    await people.register(password=PASSWORD)
    first, second = await people.tokens()
    await people.verify(second)
    with pytest.raises(LinkInvalid):
        await people.verify(first)
    user_id = await people.id_of("ada@shop.test")
    await people.change(operator(), user_id, "active", role="agent")
    with pytest.raises(SignInFailed):
        await people.sign_in("ada@shop.test", "the first ones choice")
    assert await people.sign_in("ada@shop.test", PASSWORD)


async def test_at_most_five_mails_an_hour_go_to_an_address(people: Cast) -> None:
    for _ in range(7):
        await people.register()
    assert len(await people.tokens()) == 5
    people.rig.clock.advance(hours=1, seconds=1)
    await people.register()
    assert len(await people.tokens()) == 6


async def test_registering_a_known_active_address_changes_nothing(people: Cast) -> None:
    user_id = await people.agent()
    before = await people.events(user_id)
    await people.register(password="quite another choice")
    assert await people.events(user_id) == before
    assert await people.sign_in("ada@shop.test")


async def test_a_weak_password_is_refused_for_known_and_unknown_alike(people: Cast) -> None:
    await people.agent()
    for email in ("ada@shop.test", "new@shop.test"):
        with pytest.raises(WeakPassword):
            await people.register(email, "short")


async def test_resending_mails_another_link_only_to_who_waits_for_one(people: Cast) -> None:
    await people.register()
    for email in ("ada@shop.test", "nobody@shop.test"):
        command = ResendVerification(email, "192.0.2.7")
        await visitor().once(people.app.resend_verification, command, type(None))
    tokens = await people.tokens()
    assert len(tokens) == 2
    await people.verify(tokens[0])


async def test_an_agent_signs_in_after_approval_and_not_before(people: Cast) -> None:
    await people.register()
    await people.verify((await people.tokens())[0])
    with pytest.raises(SignInFailed):
        await people.sign_in("ada@shop.test")
    user_id = await people.id_of("ada@shop.test")
    await people.change(operator(), user_id, "active", role="agent")
    opened = await people.sign_in("ADA@shop.test")
    facts = await people.rig.sessions.find(opened.token)
    assert facts is not None
    assert (facts.user_id, facts.role, facts.teams) == (user_id, "agent", (SUPPORT_TEAM_ID,))
    assert facts.csrf_token == opened.csrf


async def test_every_failing_sign_in_says_the_same(people: Cast) -> None:
    await people.agent("ada@shop.test")
    await people.register("new@shop.test")
    suspended = await people.agent("gone@shop.test")
    await people.change(operator(), suspended, "suspended")
    told = set()
    for email, password in (
        ("nobody@shop.test", PASSWORD),
        ("ada@shop.test", "wrong words entirely"),
        ("new@shop.test", PASSWORD),
        ("gone@shop.test", PASSWORD),
    ):
        with pytest.raises(SignInFailed) as raised:
            await people.sign_in(email, password)
        told.add((raised.value.code, raised.value.detail, raised.value.field))
    assert len(told) == 1


async def test_signing_in_again_ends_the_session_that_came_along(people: Cast) -> None:
    await people.agent()
    first = await people.sign_in("ada@shop.test")
    second = await people.sign_in("ada@shop.test", replaces=first.session.session_id)
    assert first.token != second.token
    assert await people.rig.sessions.find(first.token) is None
    assert await people.rig.sessions.find(second.token) is not None


async def test_signing_out_ends_the_own_session_alone(people: Cast) -> None:
    await people.agent()
    one, two = await people.sign_in("ada@shop.test"), await people.sign_in("ada@shop.test")
    with pytest.raises(Forbidden):
        await people.app.sign_out(SignOut(two.session.session_id), signed_in(one))
    await people.app.sign_out(SignOut(one.session.session_id), signed_in(one))
    assert await people.rig.sessions.find(one.token) is None
    assert await people.rig.sessions.find(two.token) is not None


async def test_the_own_sessions_are_listed_while_they_live(people: Cast) -> None:
    user_id = await people.agent()
    await people.admin()
    await people.sign_in("root@shop.test")
    idle = await people.sign_in("ada@shop.test", device="Firefox, Linux")
    people.rig.clock.advance(minutes=29)
    fresh = await people.sign_in("ada@shop.test", device="Safari, iPhone")
    told = [(s.session_id, s.device) for s in await people.app.own_sessions(user_id)]
    assert told == [
        (idle.session.session_id, "Firefox, Linux"),
        (fresh.session.session_id, "Safari, iPhone"),
    ]
    people.rig.clock.advance(minutes=1)
    assert [s.session_id for s in await people.app.own_sessions(user_id)] == [
        fresh.session.session_id
    ]


async def test_one_ends_the_own_sessions_and_nobody_elses(people: Cast) -> None:
    user_id = await people.agent()
    await people.admin()
    other = await people.sign_in("root@shop.test")
    here, there = await people.sign_in("ada@shop.test"), await people.sign_in("ada@shop.test")
    await people.app.end_session(EndSession(there.session.session_id), signed_in(here))
    assert await people.rig.sessions.find(there.token) is None
    assert await people.rig.sessions.find(here.token) is not None
    for gone in (other.session.session_id, there.session.session_id, uuid4()):
        with pytest.raises(NotFound):
            await people.app.end_session(EndSession(gone), signed_in(here))
    with pytest.raises(Forbidden):
        await people.app.end_session(EndSession(here.session.session_id), operator())
    assert await people.rig.sessions.find(other.token) is not None
    assert [(e.action, e.target) for e in await people.trail()][-1] == (
        "session_ended",
        f"user:{user_id}",
    )


async def test_a_session_ends_when_idle_and_at_the_latest_after_twelve_hours(people: Cast) -> None:
    await people.agent()
    opened = await people.sign_in("ada@shop.test")
    for _ in range(35):
        people.rig.clock.advance(minutes=20)
        await people.rig.sessions.touch(opened.session.session_id)
        assert await people.rig.sessions.find(opened.token) is not None
    people.rig.clock.advance(minutes=20)
    assert await people.rig.sessions.find(opened.token) is None
    idle = await people.sign_in("ada@shop.test")
    people.rig.clock.advance(minutes=30)
    assert await people.rig.sessions.find(idle.token) is None


async def test_suspension_ends_all_sessions_and_reinstating_brings_none_back(people: Cast) -> None:
    user_id = await people.agent()
    opened = [await people.sign_in("ada@shop.test") for _ in range(2)]
    await people.change(operator(), user_id, "suspended", reason="left the house")
    await people.change(operator(), user_id, "active")
    assert [await people.rig.sessions.find(one.token) for one in opened] == [None, None]
    assert await people.sign_in("ada@shop.test")


async def test_another_role_is_seen_by_the_next_look_at_the_session(people: Cast) -> None:
    user_id = await people.agent()
    opened = await people.sign_in("ada@shop.test")
    before = await people.rig.sessions.find(opened.token)
    await people.change(operator(), user_id, "active", role="viewer")
    after = await people.rig.sessions.find(opened.token)
    assert before is not None
    assert after is not None
    assert after.role == "viewer"
    assert after.role_version > before.role_version


async def test_a_new_password_ends_the_other_sessions_and_needs_the_old_one(people: Cast) -> None:
    await people.agent()
    here, there = await people.sign_in("ada@shop.test"), await people.sign_in("ada@shop.test")
    wrong = ChangePassword("not the old one", NEW_PASSWORD, "192.0.2.7")
    with pytest.raises(WrongPassword):
        await people.app.change_password(wrong, signed_in(here))
    right = ChangePassword(PASSWORD, NEW_PASSWORD, "192.0.2.7")
    await people.app.change_password(right, signed_in(here))
    assert await people.rig.sessions.find(here.token) is not None
    assert await people.rig.sessions.find(there.token) is None
    with pytest.raises(SignInFailed):
        await people.sign_in("ada@shop.test", PASSWORD)
    assert await people.sign_in("ada@shop.test", NEW_PASSWORD)
    events = await people.events(here.user.user_id)
    assert type(events[-1]) is PasswordChangedV1


async def test_the_operator_makes_an_admin_once_per_address(people: Cast) -> None:
    user_id = await people.admin()
    assert (await people.rig.queries.user(user_id)).role == "admin"
    assert await people.sign_in("root@shop.test")
    with pytest.raises(EmailTaken):
        await people.admin("ROOT@shop.test")


async def test_nobody_else_makes_an_admin_out_of_nothing(people: Cast) -> None:
    from gateway.application.create_admin import CreateAdmin

    with pytest.raises(Forbidden):
        await people.app.create_admin(CreateAdmin("x@shop.test", "X", PASSWORD), visitor())


async def test_a_visitor_approves_nobody(people: Cast) -> None:
    await people.register()
    await people.verify((await people.tokens())[0])
    with pytest.raises(Forbidden):
        await people.change(visitor(), await people.id_of("ada@shop.test"), "active", role="admin")


async def test_an_unknown_account_or_team_changes_nothing(people: Cast) -> None:
    user_id = await people.agent()
    with pytest.raises(NotFound):
        await people.change(operator(), uuid4(), "active", role="agent")
    with pytest.raises(NotFound):
        await people.change(operator(), SUPPORT_TEAM_ID, "active", role="agent")
    with pytest.raises(UnknownTeam):
        await people.app.set_user_teams(SetUserTeams(user_id, (uuid4(),)), operator())
    assert (await people.rig.queries.user(user_id)).teams == (SUPPORT_TEAM_ID,)


async def test_teams_are_set_as_a_whole(people: Cast) -> None:
    user_id = await people.agent()
    await people.app.set_user_teams(SetUserTeams(user_id, ()), operator())
    assert (await people.rig.queries.user(user_id)).teams == ()
    await people.app.set_user_teams(SetUserTeams(user_id, (SUPPORT_TEAM_ID,)), operator())
    assert (await people.rig.queries.user(user_id)).teams == (SUPPORT_TEAM_ID,)


async def test_support_is_created_once_however_often_the_gateway_starts(people: Cast) -> None:
    await people.support()
    (team,) = await people.rig.queries.teams()
    assert (team.team_id, team.title, team.restricted) == (SUPPORT_TEAM_ID, "Support", False)
    assert len(await people.events(SUPPORT_TEAM_ID)) == 1


async def test_lists_go_by_age_status_and_cursor(people: Cast) -> None:
    emails = [f"a{n}@shop.test" for n in range(4)]
    for email in emails:
        await people.register(email)
    await people.verify((await people.tokens(emails[2]))[0])
    users = people.rig.queries.users
    assert [u.email for u in await users(status=None, after=None, limit=9)] == emails
    assert [u.email for u in await users(status="waiting", after=None, limit=9)] == [emails[2]]
    first = await users(status=None, after=None, limit=2)
    rest = await users(status=None, after=first[-1].user_id, limit=9)
    assert [u.email for u in rest] == emails[2:]


async def test_the_approver_stands_in_the_event(people: Cast) -> None:
    admin_id = await people.admin()
    admin = signed_in(await people.sign_in("root@shop.test"))
    await people.register()
    await people.verify((await people.tokens())[0])
    user_id = await people.id_of("ada@shop.test")
    await people.change(admin, user_id, "active", role="agent")
    approved = (await people.events(user_id))[-1]
    assert isinstance(approved, UserApprovedV1)
    assert approved.approved_by == admin_id


async def test_the_trail_tells_who_did_what_and_names_nobody(people: Cast) -> None:
    user_id = await people.agent()
    with pytest.raises(SignInFailed):
        await people.sign_in("ada@shop.test", "wrong words entirely")
    await people.sign_in("ada@shop.test")
    trail = await people.trail()
    told = [(e.action, e.outcome, e.target) for e in trail]
    assert told == [
        ("account_created", "ok", f"user:{user_id}"),
        ("email_verified", "ok", f"user:{user_id}"),
        ("user_approved", "ok", f"user:{user_id}"),
        ("sign_in_failed", "denied", f"user:{user_id}"),
        ("signed_in", "ok", f"user:{user_id}"),
    ]
    text = " ".join(event.model_dump_json() for event in trail)
    assert "ada@" not in text
    assert "Lovelace" not in text


async def test_no_event_carries_a_password_or_an_unsealed_token(people: Cast) -> None:
    user_id = await people.agent()
    people.rig.clock.advance(seconds=timedelta(days=1).total_seconds())
    text = " ".join(e.model_dump_json() for e in await people.events(user_id))
    assert PASSWORD not in text
    assert "argon2" not in text

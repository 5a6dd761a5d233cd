"""Accounts: how one gets in, and who may change whom."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.gateway.user import (
    Role,
    RoleChangedV1,
    TeamsChangedV1,
    UserApprovedV1,
    UserReinstatedV1,
    UserSuspendedV1,
)
from gateway.domain.errors import (
    AdminUntouchable,
    Forbidden,
    InvalidInput,
    LastAdmin,
    NotFound,
    OwnRole,
    WrongState,
)
from gateway.domain.user import OPERATOR, Staff, User

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ADMIN = Staff(uuid4(), "admin")
MANAGER = Staff(uuid4(), "manager")
AGENT = Staff(uuid4(), "agent")
NOBODY: frozenset[UUID] = frozenset()


def waiting() -> User:
    user = User.register(uuid4(), email="ada@shop.test", name="Ada", at=NOW)
    user.verify_email(NOW)
    user.pending.clear()
    return user


def active(role: Role = "agent", teams: tuple[UUID, ...] = ()) -> User:
    user = waiting()
    user.activate(OPERATOR, role=role, teams=teams, admins=NOBODY, at=NOW)
    user.pending.clear()
    return user


def test_an_account_goes_from_unverified_over_waiting_to_active() -> None:
    user = User.register(uuid4(), email="ada@shop.test", name="Ada", at=NOW)
    assert user.status == "unverified"
    user.verify_email(NOW)
    assert user.status == "waiting"
    user.activate(MANAGER, role="agent", teams=None, admins=NOBODY, at=NOW)
    assert user.status == "active"


def test_approval_without_teams_puts_him_into_support() -> None:
    user = waiting()
    user.activate(MANAGER, role="agent", teams=None, admins=NOBODY, at=NOW)
    (event,) = user.pending
    assert isinstance(event, UserApprovedV1)
    assert event.teams == (SUPPORT_TEAM_ID,)
    assert event.approved_by == MANAGER.user_id


def test_approval_needs_a_role() -> None:
    with pytest.raises(InvalidInput) as raised:
        waiting().activate(MANAGER, role=None, teams=(), admins=NOBODY, at=NOW)
    assert raised.value.field == "role"


def test_an_unverified_account_cannot_be_approved() -> None:
    user = User.register(uuid4(), email="ada@shop.test", name="Ada", at=NOW)
    with pytest.raises(WrongState):
        user.activate(MANAGER, role="agent", teams=(), admins=NOBODY, at=NOW)


def test_an_address_is_verified_once() -> None:
    with pytest.raises(WrongState):
        waiting().verify_email(NOW)


def test_a_suspended_application_comes_back_where_it_was() -> None:
    user = User.register(uuid4(), email="ada@shop.test", name="Ada", at=NOW)
    user.suspend(MANAGER, reason=None, admins=NOBODY, at=NOW)
    user.activate(MANAGER, role="agent", teams=(), admins=NOBODY, at=NOW)
    assert user.status == "unverified"


def test_reinstating_keeps_role_and_teams() -> None:
    team = uuid4()
    user = active("viewer", (team,))
    user.suspend(MANAGER, reason="left", admins=NOBODY, at=NOW)
    assert user.status == "suspended"
    user.activate(MANAGER, role=None, teams=None, admins=NOBODY, at=NOW)
    assert (user.status, user.role, user.teams) == ("active", "viewer", (team,))
    assert [type(event) for event in user.pending] == [UserSuspendedV1, UserReinstatedV1]


def test_doing_it_again_records_nothing() -> None:
    user = active("agent")
    user.activate(ADMIN, role="agent", teams=(), admins=NOBODY, at=NOW)
    assert user.pending == []
    user.suspend(ADMIN, reason=None, admins=NOBODY, at=NOW)
    user.suspend(ADMIN, reason=None, admins=NOBODY, at=NOW)
    assert len(user.pending) == 1


def test_one_request_may_change_role_and_teams() -> None:
    team = uuid4()
    user = active("agent")
    user.activate(ADMIN, role="manager", teams=(team, team), admins=NOBODY, at=NOW)
    role, teams = user.pending
    assert isinstance(role, RoleChangedV1)
    assert (role.previous, role.role) == ("agent", "manager")
    assert isinstance(teams, TeamsChangedV1)
    assert teams.teams == (team,)


@pytest.mark.parametrize("by", [AGENT, Staff(uuid4(), "viewer")])
def test_agents_and_viewers_change_nobody(by: Staff) -> None:
    with pytest.raises(Forbidden):
        waiting().activate(by, role="viewer", teams=(), admins=NOBODY, at=NOW)
    with pytest.raises(Forbidden):
        active().suspend(by, reason=None, admins=NOBODY, at=NOW)


def test_a_manager_cannot_touch_an_admin() -> None:
    admin = active("admin")
    others = frozenset({admin.user_id, uuid4()})
    with pytest.raises(AdminUntouchable):
        admin.suspend(MANAGER, reason=None, admins=others, at=NOW)
    with pytest.raises(AdminUntouchable):
        admin.activate(MANAGER, role="viewer", teams=None, admins=others, at=NOW)
    with pytest.raises(AdminUntouchable):
        admin.set_teams(MANAGER, (), NOW)


def test_a_manager_cannot_make_an_admin() -> None:
    with pytest.raises(AdminUntouchable):
        waiting().activate(MANAGER, role="admin", teams=(), admins=NOBODY, at=NOW)
    with pytest.raises(AdminUntouchable):
        active().activate(MANAGER, role="admin", teams=None, admins=NOBODY, at=NOW)


@pytest.mark.parametrize("role", ["viewer", "admin"])
def test_nobody_changes_his_own_role(role: Role) -> None:
    user = active("admin")
    himself = Staff(user.user_id, "admin")
    with pytest.raises(OwnRole):
        user.activate(himself, role=role, teams=None, admins=NOBODY, at=NOW)
    with pytest.raises(OwnRole):
        user.suspend(himself, reason=None, admins=NOBODY, at=NOW)


def test_the_last_active_admin_stays() -> None:
    admin = active("admin")
    alone = frozenset({admin.user_id})
    with pytest.raises(LastAdmin):
        admin.suspend(ADMIN, reason=None, admins=alone, at=NOW)
    with pytest.raises(LastAdmin):
        admin.activate(ADMIN, role="agent", teams=None, admins=alone, at=NOW)


def test_one_of_two_admins_may_go() -> None:
    admin = active("admin")
    admin.suspend(ADMIN, reason=None, admins=frozenset({admin.user_id, uuid4()}), at=NOW)
    assert admin.status == "suspended"


def test_only_an_active_account_changes_its_password() -> None:
    with pytest.raises(WrongState):
        waiting().change_password(NOW)


def test_folding_gives_back_what_was_recorded() -> None:
    user = User.register(uuid4(), email="ada@shop.test", name="Ada", at=NOW)
    user.verify_email(NOW)
    user.activate(ADMIN, role="manager", teams=(uuid4(),), admins=NOBODY, at=NOW)
    user.suspend(ADMIN, reason="x", admins=NOBODY, at=NOW)
    folded = User.fold(user.user_id, user.pending)
    assert folded.version == 4
    assert (folded.status, folded.role, folded.teams) == (user.status, user.role, user.teams)


def test_an_empty_stream_is_nobody() -> None:
    with pytest.raises(NotFound):
        User.fold(uuid4(), [])

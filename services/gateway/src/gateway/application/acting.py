"""Who a caller is to the domain, and how its decisions are put on the trail."""

from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_events.gateway.audit import Action
from deskstream_events.gateway.user import (
    FactorDisabledV1,
    FactorEnabledV1,
    PasswordChangedV1,
    RoleChangedV1,
    TeamsChangedV1,
    UserApprovedV1,
    UserEvent,
    UserReinstatedV1,
    UserSuspendedV1,
)
from gateway.application.store import GatewayWork
from gateway.domain.errors import Forbidden
from gateway.domain.user import OPERATOR, Staff, User

_ACTIONS: dict[type[UserEvent], Action] = {
    UserApprovedV1: "user_approved",
    UserSuspendedV1: "user_suspended",
    UserReinstatedV1: "user_reinstated",
    RoleChangedV1: "role_changed",
    TeamsChangedV1: "teams_changed",
    PasswordChangedV1: "password_changed",
    FactorEnabledV1: "factor_enabled",
    FactorDisabledV1: "factor_disabled",
}


OPERATOR_NAME = "operator"
"""`system:operator`: whoever may run commands on the installation itself."""

VISITOR_NAME = "visitor"
"""`system:visitor`: the gateway itself on behalf of someone who is not signed in."""


def is_operator(caller: Caller) -> bool:
    """Whether the operator of the installation asks."""
    return caller.actor.ref == f"system:{OPERATOR_NAME}"


def named(actor: str) -> bool:
    """Whether the trail names this actor: accounts, keys and the operator, not visitors."""
    return actor.startswith(("user:", "key:")) or actor == f"system:{OPERATOR_NAME}"


def staff_of(caller: Caller) -> Staff:
    """Raises Forbidden for anyone but staff and the operator of the installation."""
    actor = caller.actor
    if is_operator(caller):
        return OPERATOR
    if actor.user_id is None or actor.role is None:
        raise Forbidden("only staff may do this")
    return Staff(user_id=actor.user_id, role=actor.role.value)


def demand_admin(caller: Caller) -> None:
    """Raises Forbidden for anyone but an admin and the operator of the installation."""
    if staff_of(caller).role != "admin":
        raise Forbidden("only admins may do this")


def own_session(caller: Caller) -> tuple[UUID, UUID]:
    """Account and session of someone who is signed in. Raises Forbidden for anyone else."""
    user_id, session = caller.actor.user_id, caller.actor.session
    if user_id is None or session is None:
        raise Forbidden("only staff may do this")
    return user_id, UUID(session)


def save(work: GatewayWork, user: User) -> None:
    """Append what the account recorded, each fact on the trail as well."""
    for event in user.pending:
        action = _ACTIONS.get(type(event))
        if action is not None:
            work.audit(action, at=event.at, target=f"user:{user.user_id}")
    work.users.save(user)

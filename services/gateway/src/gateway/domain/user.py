"""An account of the staff: from asking for one to being let in, and who may change it.

unverified -> (link used) waiting -> (approved) active <-> suspended. An account may be suspended
in any state; one that was never approved comes back only by approval.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_events.event import Event
from deskstream_events.gateway.team import SUPPORT_TEAM_ID
from deskstream_events.gateway.user import (
    EmailVerifiedV1,
    FactorDisabledV1,
    FactorEnabledV1,
    NewDeviceSeenV1,
    PasswordChangedV1,
    PasswordResetRequestedV1,
    Role,
    RoleChangedV1,
    TeamsChangedV1,
    UserApprovedV1,
    UserEvent,
    UserRegisteredV1,
    UserReinstatedV1,
    UserSuspendedV1,
    VerificationRequestedV1,
)
from gateway.domain.errors import (
    AdminUntouchable,
    Forbidden,
    InvalidInput,
    LastAdmin,
    NoFactor,
    NotFound,
    OwnRole,
    WrongState,
)

Status = Literal["unverified", "waiting", "active", "suspended"]


@dataclass(frozen=True)
class Staff:
    """Who decides about an account. `user_id` None: the operator of the installation."""

    user_id: UUID | None
    role: Role


OPERATOR = Staff(user_id=None, role="admin")


@dataclass
class User:
    """Folded from its stream; methods decide and record. `version` is that of the last stored."""

    user_id: UUID
    email: str = ""
    name: str = ""
    verified: bool = False
    approved: bool = False
    suspended: bool = False
    role: Role | None = None
    teams: tuple[UUID, ...] = ()
    has_factor: bool = False
    registered_at: datetime | None = None
    version: int = 0
    pending: list[UserEvent] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """Where the account stands."""
        if self.suspended:
            return "suspended"
        if self.approved:
            return "active"
        return "waiting" if self.verified else "unverified"

    @classmethod
    def register(cls, user_id: UUID, *, email: str, name: str, at: datetime) -> "User":
        """Someone asks for an account."""
        user = cls(user_id)
        user._record(UserRegisteredV1(at=at, user_id=user_id, email=email, name=name))
        return user

    @classmethod
    def fold(cls, user_id: UUID, events: Iterable[Event]) -> "User":
        """From the stream. Raises NotFound for an empty one."""
        user = cls(user_id)
        for event in events:
            user._apply(event)
            user.version += 1
        if user.version == 0:
            raise NotFound("no such user")
        return user

    def request_verification(self, sealed_token: str, expires_at: datetime, at: datetime) -> None:
        """A link goes to his address. Raises WrongState once it was verified."""
        if self.verified or self.suspended:
            raise WrongState("the address is verified already, or the account suspended")
        self._record(
            VerificationRequestedV1(
                at=at,
                user_id=self.user_id,
                email=self.email,
                name=self.name,
                sealed_token=sealed_token,
                expires_at=expires_at,
            )
        )

    def verify_email(self, at: datetime) -> None:
        """The link was used. Raises WrongState once it was verified."""
        if self.verified or self.suspended:
            raise WrongState("the address is verified already, or the account suspended")
        self._record(EmailVerifiedV1(at=at, user_id=self.user_id))

    def activate(
        self,
        by: Staff,
        *,
        role: Role | None,
        teams: tuple[UUID, ...] | None,
        admins: frozenset[UUID],
        at: datetime,
    ) -> None:
        """Let him in, or back in; a given role or team list becomes his. Approved without a list
        he joins Support.

        Raises InvalidInput without a role for a first approval, WrongState before his address is
        verified, Forbidden by `guard`.
        """
        self.guard(by, makes=role)
        if not self.approved:
            self._approve(by, role, (SUPPORT_TEAM_ID,) if teams is None else teams, at)
            return
        if self.suspended:
            self._record(UserReinstatedV1(at=at, user_id=self.user_id))
        if role is not None and role != self.role:
            self._change_role(role, admins, at)
        if teams is not None:
            self.set_teams(by, teams, at)

    def suspend(
        self, by: Staff, *, reason: str | None, admins: frozenset[UUID], at: datetime
    ) -> None:
        """Shut him out. Nothing happens if he is. Raises Forbidden, LastAdmin."""
        self.guard(by, makes=None)
        if self.suspended:
            return
        self._keep_an_admin(admins)
        self._record(UserSuspendedV1(at=at, user_id=self.user_id, reason=reason))

    def set_teams(self, by: Staff, teams: tuple[UUID, ...], at: datetime) -> None:
        """The whole list. Nothing happens if it is the same. Raises Forbidden, WrongState."""
        if self.role == "admin" and by.role != "admin":
            raise AdminUntouchable("only an admin may change an admin")
        if not self.approved:
            raise WrongState("teams come with the approval")
        wanted = tuple(sorted(set(teams)))
        if wanted != self.teams:
            self._record(TeamsChangedV1(at=at, user_id=self.user_id, teams=wanted))

    def request_reset(self, sealed_token: str, expires_at: datetime, at: datetime) -> None:
        """A link to set another password goes to his address. Raises WrongState unless active."""
        if self.status != "active":
            raise WrongState("the account is not active")
        self._record(
            PasswordResetRequestedV1(
                at=at,
                user_id=self.user_id,
                email=self.email,
                name=self.name,
                sealed_token=sealed_token,
                expires_at=expires_at,
            )
        )

    def change_password(self, at: datetime) -> None:
        """He set another one. Raises WrongState unless he is active."""
        if self.status != "active":
            raise WrongState("the account is not active")
        self._record(PasswordChangedV1(at=at, user_id=self.user_id))

    def enable_factor(self, at: datetime) -> None:
        """He set a second factor, or another one. Raises WrongState unless he is active."""
        if self.status != "active":
            raise WrongState("the account is not active")
        self._record(FactorEnabledV1(at=at, user_id=self.user_id))

    def disable_factor(self, by: Staff, *, reason: str | None, at: datetime) -> None:
        """He lost it: somebody else lets him in by password alone. Raises Forbidden, NoFactor."""
        self.guard(by, makes=None)
        if not self.has_factor:
            raise NoFactor("no second factor is set")
        self._record(
            FactorDisabledV1(at=at, user_id=self.user_id, disabled_by=by.user_id, reason=reason)
        )

    def see_new_device(self, name: str, at: datetime) -> None:
        """He signed in from a browser that was not known; `name` is coarse (device.py)."""
        self._record(NewDeviceSeenV1(at=at, user_id=self.user_id, device=name))

    def _approve(self, by: Staff, role: Role | None, teams: tuple[UUID, ...], at: datetime) -> None:
        if role is None:
            raise InvalidInput("is needed to approve an account", field="role")
        if self.suspended:
            self._record(UserReinstatedV1(at=at, user_id=self.user_id))
        elif not self.verified:
            raise WrongState("the address is not verified yet")
        if not self.verified:
            return
        self._record(
            UserApprovedV1(
                at=at,
                user_id=self.user_id,
                role=role,
                teams=tuple(sorted(set(teams))),
                approved_by=by.user_id,
            )
        )

    def _change_role(self, role: Role, admins: frozenset[UUID], at: datetime) -> None:
        self._keep_an_admin(admins)
        previous = self.role
        if previous is None:
            raise WrongState("the account was never approved")
        self._record(RoleChangedV1(at=at, user_id=self.user_id, role=role, previous=previous))

    def guard(self, by: Staff, *, makes: Role | None) -> None:
        """Managers and admins only; nobody himself; an admin only by an admin.

        Raises Forbidden, OwnRole, AdminUntouchable."""
        if by.role not in ("manager", "admin"):
            raise Forbidden("only managers and admins change accounts")
        if by.user_id == self.user_id:
            raise OwnRole("nobody changes his own role or standing")
        if by.role != "admin" and "admin" in (self.role, makes):
            raise AdminUntouchable("only an admin may change an admin or make one")

    def _keep_an_admin(self, admins: frozenset[UUID]) -> None:
        """`admins` are the active ones at this moment, held still by the caller."""
        if admins == {self.user_id}:
            raise LastAdmin("the last active admin stays one")

    def _record(self, event: UserEvent) -> None:
        self._apply(event)
        self.pending.append(event)

    def _apply(self, event: Event) -> None:
        match event:
            case UserRegisteredV1():
                self.email, self.name, self.registered_at = event.email, event.name, event.at
            case EmailVerifiedV1():
                self.verified = True
            case UserApprovedV1():
                self.approved, self.role, self.teams = True, event.role, event.teams
            case UserSuspendedV1():
                self.suspended = True
            case UserReinstatedV1():
                self.suspended = False
            case RoleChangedV1():
                self.role = event.role
            case TeamsChangedV1():
                self.teams = event.teams
            case FactorEnabledV1():
                self.has_factor = True
            case FactorDisabledV1():
                self.has_factor = False

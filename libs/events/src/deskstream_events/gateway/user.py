"""Staff accounts. Key: user id. Secrets and hashes of passwords are never in an event."""

from typing import Literal
from uuid import UUID

from deskstream_events.event import Event, Instant, PersonalText, registry

Role = Literal["admin", "manager", "agent", "viewer"]


class UserEvent(Event):
    """What every event of an account carries."""

    user_id: UUID

    def people(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}",)


@registry.event("gateway.user.registered.v1")
class UserRegisteredV1(UserEvent):
    """Someone asked for an account; he must verify his address and be approved."""

    email: PersonalText
    name: PersonalText

    def people(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", f"mail:{self.email}")


@registry.event("gateway.user.verification_requested.v1")
class VerificationRequestedV1(UserEvent):
    """A link to verify the address is to be mailed. `sealed_token` is AES-GCM under the key that
    gateway and notifier share; only its SHA-256 is stored."""

    email: PersonalText
    name: PersonalText
    sealed_token: str
    expires_at: Instant

    def people(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", f"mail:{self.email}")


@registry.event("gateway.user.reset_requested.v1")
class PasswordResetRequestedV1(UserEvent):
    """A link to set another password is to be mailed. `sealed_token` is AES-GCM under the key that
    gateway and notifier share; only its SHA-256 is stored."""

    email: PersonalText
    name: PersonalText
    sealed_token: str
    expires_at: Instant

    def people(self) -> tuple[str, ...]:
        return (f"user:{self.user_id}", f"mail:{self.email}")


@registry.event("gateway.user.email_verified.v1")
class EmailVerifiedV1(UserEvent):
    """The link was used once, in time."""


@registry.event("gateway.user.approved.v1")
class UserApprovedV1(UserEvent):
    """An admin or manager let him in, with his first role and teams."""

    role: Role
    teams: tuple[UUID, ...]
    approved_by: UUID | None = None
    """None: by the operator of the installation (`desk admin create`)."""


@registry.event("gateway.user.suspended.v1")
class UserSuspendedV1(UserEvent):
    """He may do nothing from now on; his sessions end at once."""

    reason: PersonalText | None = None


@registry.event("gateway.user.reinstated.v1")
class UserReinstatedV1(UserEvent):
    """A suspended account works again, with the role and teams it had."""


@registry.event("gateway.user.role_changed.v1")
class RoleChangedV1(UserEvent):
    """His role is another; it bites within 5 s."""

    role: Role
    previous: Role


@registry.event("gateway.user.teams_changed.v1")
class TeamsChangedV1(UserEvent):
    """His teams are these now (the whole list)."""

    teams: tuple[UUID, ...]


@registry.event("gateway.user.new_device_seen.v1")
class NewDeviceSeenV1(UserEvent):
    """He signed in from a browser from which he never had; not told of an account's first."""

    device: str
    """What the browser calls itself, coarsely: `Firefox, Linux`."""


@registry.event("gateway.user.password_changed.v1")
class PasswordChangedV1(UserEvent):
    """He set another password. Carries no trace of it."""


@registry.event("gateway.user.factor_enabled.v1")
class FactorEnabledV1(UserEvent):
    """He set a second factor, or replaced the one he had. Carries no trace of it."""


@registry.event("gateway.user.factor_disabled.v1")
class FactorDisabledV1(UserEvent):
    """His lost second factor was taken off by an admin; his sessions end, and he signs in by
    password alone until he sets another one."""

    disabled_by: UUID | None = None
    """None: by the operator of the installation (`desk user reset-factor`)."""
    reason: PersonalText | None = None

"""Bodies and answers. Unknown fields are refused; times are UTC with `Z`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from deskstream_events.gateway.user import Role
from gateway.application.addresses import LONGEST, accept_email
from gateway.application.desk import Assigned
from gateway.application.open_session import SignedIn
from gateway.application.ports import TeamRow, UserRow
from gateway.domain.errors import InvalidInput
from gateway.domain.session import Session
from gateway.domain.user import Status


def _address(value: str) -> str:
    try:
        return accept_email(value)
    except InvalidInput as error:
        raise ValueError(error.detail) from None


Email = Annotated[str, StringConstraints(max_length=LONGEST), AfterValidator(_address)]
Password = Annotated[str, StringConstraints(max_length=1024)]
Name = Annotated[str, StringConstraints(max_length=400)]
"""Cleaned and held to its real limit by the domain."""

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]


class Body(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Registration(Body):
    """Ask for an account."""

    email: Email
    name: Name
    password: Password


class Credentials(Body):
    """Sign in. The address is not checked: any answer but the usual one would tell something."""

    email: Annotated[str, StringConstraints(max_length=320)]
    password: Password


class VerificationToken(Body):
    """What stood in the link."""

    token: Token


class PasswordReset(Body):
    """What stood in the link, and the password to set."""

    token: Token
    new_password: Password


class Address(Body):
    """An e-mail address alone."""

    email: Email


class PasswordChange(Body):
    """Old and new."""

    old_password: Password
    new_password: Password


class StatusChange(Body):
    """`active` approves, reinstates or changes the role, as the account stands."""

    status: Literal["active", "suspended"]
    role: Role | None = None
    teams: Annotated[list[UUID], Field(max_length=100)] | None = None
    reason: Annotated[str, StringConstraints(max_length=2000)] | None = None


class FactorReset(Body):
    """Why; kept with the account."""

    reason: Annotated[str, StringConstraints(max_length=2000)] | None = None


class TeamList(Body):
    """The whole list."""

    teams: Annotated[list[UUID], Field(max_length=100)]


class NewTeam(Body):
    """A team; `restricted` ones are for their members, managers and admins only."""

    title: Name
    restricted: bool = False


class TeamChange(Body):
    """Both, as they are to be."""

    title: Name
    restricted: bool


class Accepted(BaseModel):
    """The same whatever was found."""

    status: Literal["pending"] = "pending"


class Verified(BaseModel):
    """The address is proven; an admin has to approve."""

    status: Literal["waiting"] = "waiting"


class PasswordSet(BaseModel):
    """The password is another; every session has ended."""

    status: Literal["changed"] = "changed"


class Me(BaseModel):
    """Who is signed in."""

    id: UUID
    name: str
    role: Role
    teams: list[UUID]


class MeWithEmail(Me):
    """Who is signed in, to himself."""

    email: str


class SignedInAnswer(BaseModel):
    """`csrf` goes into `X-CSRF-Token` of every change."""

    user: Me
    csrf: str
    expires_at: datetime

    @classmethod
    def of(cls, opened: SignedIn) -> "SignedInAnswer":
        """From a session that was opened."""
        user = opened.user
        assert user.role is not None, "an active account has a role"
        me = Me(id=user.user_id, name=user.name, role=user.role, teams=list(user.teams))
        return cls(user=me, csrf=opened.csrf, expires_at=opened.session.expires_at)


class SessionAnswer(BaseModel):
    """As the answer of signing in, with the own address, and whether a second factor is set."""

    user: MeWithEmail
    has_factor: bool
    csrf: str
    expires_at: datetime


class OwnSessionAnswer(BaseModel):
    """A browser in which the caller is signed in; `current` is the asking one."""

    id: UUID
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool

    @classmethod
    def of(cls, session: Session, current: UUID) -> "OwnSessionAnswer":
        """From a session, seen from the current one."""
        return cls(
            id=session.session_id,
            device=session.device,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            current=session.session_id == current,
        )


class OwnSessions(BaseModel):
    """All of them."""

    items: list[OwnSessionAnswer]


class RoleAnswer(BaseModel):
    """The own role."""

    role: Role


class UserAnswer(BaseModel):
    """An account as managers see it."""

    id: UUID
    email: str
    name: str
    role: Role | None
    status: Status
    teams: list[UUID]
    has_factor: bool
    created_at: datetime

    @classmethod
    def of(cls, row: UserRow) -> "UserAnswer":
        """From a row of the view."""
        return cls(
            id=row.user_id,
            email=row.email,
            name=row.name,
            role=row.role,
            status=row.status,
            teams=list(row.teams),
            has_factor=row.has_factor,
            created_at=row.registered_at,
        )


class OpenTicketAnswer(BaseModel):
    """A ticket that somebody else must take over."""

    id: UUID
    number: int


class ChangedUser(UserAnswer):
    """After a change of standing. Of a suspended one the oldest 50 open tickets, and how many there
    are; null where that is not known at this moment."""

    open_tickets: list[OpenTicketAnswer] | None = None
    open_tickets_total: int | None = None

    @classmethod
    def after(cls, row: UserRow, assigned: Assigned | None) -> "ChangedUser":
        """From a row of the view, and his tickets."""
        user = UserAnswer.of(row).model_dump()
        if assigned is None:
            return cls(**user)
        tickets = [OpenTicketAnswer(id=t.id, number=t.number) for t in assigned.tickets]
        return cls(**user, open_tickets=tickets, open_tickets_total=assigned.total)


class ColleagueAnswer(BaseModel):
    """An account as colleagues see it."""

    id: UUID
    name: str
    role: Role | None
    teams: list[UUID]

    @classmethod
    def of(cls, row: UserRow) -> "ColleagueAnswer":
        """From a row of the view."""
        return cls(id=row.user_id, name=row.name, role=row.role, teams=list(row.teams))


class TeamAnswer(BaseModel):
    """A team."""

    id: UUID
    title: str
    restricted: bool

    @classmethod
    def of(cls, row: TeamRow) -> "TeamAnswer":
        """From a row of the view."""
        return cls(id=row.team_id, title=row.title, restricted=row.restricted)


class Teams(BaseModel):
    """All of them."""

    items: list[TeamAnswer]

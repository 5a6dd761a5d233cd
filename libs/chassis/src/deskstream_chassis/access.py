"""Who may do what to a ticket: one pure decision, and the same decision as SQL for lists.

Rules: `decide` is the only place that knows them; `access_predicate` must equal it for every actor
and ticket (a property test holds them together). Unknown or missing facts are a Deny.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, any_, false, literal, not_, or_, true
from sqlalchemy.dialects.postgresql import ARRAY

Action = Literal["view", "modify", "delete"]
ActorKind = Literal["user", "key", "system"]


class Role(StrEnum):
    """Roles of staff, compared by rank and not by name."""

    VIEWER = "viewer"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"

    def at_least(self, other: "Role") -> bool:
        """Whether this role is `other` or above it."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True)
class Actor:
    """Who acts: a member of staff, an API key (as itself, never as its creator) or the system."""

    kind: ActorKind
    id: str
    role: Role | None = None
    teams: frozenset[UUID] = frozenset()
    scopes: frozenset[str] = frozenset()
    session: str | None = None

    @property
    def ref(self) -> str:
        """The opaque name that events keep: `user:<uuid>`, `key:<id>`, `system:<name>`."""
        return f"{self.kind}:{self.id}"

    @property
    def user_id(self) -> UUID | None:
        """The id of a member of staff; None for keys and the system."""
        return UUID(self.id) if self.kind == "user" else None

    def is_at_least(self, role: Role) -> bool:
        """Whether this is a member of staff with this role or a higher one."""
        return self.kind == "user" and self.role is not None and self.role.at_least(role)

    def has_scope(self, *any_of: str) -> bool:
        """Whether this is a key that holds one of these scopes."""
        return self.kind == "key" and not self.scopes.isdisjoint(any_of)


def system(name: str) -> Actor:
    """A part of the product that acts by itself (a timer, a consumer)."""
    return Actor("system", name)


@dataclass(frozen=True)
class TicketAccess:
    """The facts about a ticket that a decision needs."""

    team_id: UUID
    restricted: bool
    """Whether the ticket's team is a restricted one."""
    assignee_id: UUID | None = None
    shared: frozenset[UUID] = field(default_factory=frozenset)
    """Members of staff with whom it is shared."""
    deleted: bool = False
    opened_by: str = ""
    """Actor.ref of who opened it."""


@dataclass(frozen=True)
class Allow:
    """The action is allowed."""

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Deny:
    """`hidden`: looks exactly like an absent ticket (404). `forbidden`: seen, not allowed (403)."""

    reason: Literal["hidden", "forbidden"]

    def __bool__(self) -> bool:
        return False


Decision = Allow | Deny
ALLOW = Allow()
HIDDEN = Deny("hidden")
FORBIDDEN = Deny("forbidden")


class AccessDenied(Exception):
    """Raised by `demand`; the HTTP edge answers 404 `not_found` or 403 `forbidden`."""

    def __init__(self, reason: Literal["hidden", "forbidden"] = "hidden") -> None:
        super().__init__(reason)
        self.reason = reason


def decide(actor: Actor, action: Action, ticket: TicketAccess) -> Decision:
    """Whether `actor` may do `action` to the ticket. Pure; anything unknown is refused."""
    if actor.kind == "system":
        return ALLOW
    if not _sees(actor, ticket):
        return HIDDEN
    if action == "view" or _acts(actor, action, ticket):
        return ALLOW
    return FORBIDDEN


def demand(actor: Actor, action: Action, ticket: TicketAccess | None) -> None:
    """Raise AccessDenied unless `decide` allows it; a ticket that does not exist is `hidden`."""
    decision = HIDDEN if ticket is None else decide(actor, action, ticket)
    if isinstance(decision, Deny):
        raise AccessDenied(decision.reason)


def sees_notes(actor: Actor) -> bool:
    """Whether internal notes (and what hangs on them) may be shown: not to viewers."""
    return actor.kind != "user" or actor.is_at_least(Role.AGENT)


def _sees(actor: Actor, ticket: TicketAccess) -> bool:
    if actor.is_at_least(Role.MANAGER):
        return True
    if ticket.deleted:
        return False
    if actor.kind == "key":
        if actor.has_scope("tickets:view:all", "tickets:modify:all"):
            return True
        own = ticket.opened_by == actor.ref
        return own and actor.has_scope("tickets:view", "tickets:modify")
    if actor.role is None or (ticket.restricted and actor.role is Role.VIEWER):
        return False
    return ticket.team_id in actor.teams or (not ticket.restricted and _involved(actor, ticket))


def _involved(actor: Actor, ticket: TicketAccess) -> bool:
    return actor.user_id is not None and (
        ticket.assignee_id == actor.user_id or actor.user_id in ticket.shared
    )


def _acts(actor: Actor, action: Action, ticket: TicketAccess) -> bool:
    """Beyond seeing: given that the actor sees the ticket, may he change it?"""
    if actor.is_at_least(Role.MANAGER):
        return True
    if actor.kind == "key":
        if action == "delete":
            return False
        own = ticket.opened_by == actor.ref
        return actor.has_scope("tickets:modify:all") or (own and actor.has_scope("tickets:modify"))
    if not actor.is_at_least(Role.AGENT):
        return False
    return action == "modify" or ticket.assignee_id == actor.user_id


@dataclass(frozen=True)
class AccessColumns:
    """Where a table keeps the facts of TicketAccess. `shared` is a `uuid[]`, never null."""

    team_id: ColumnElement[UUID]
    restricted: ColumnElement[bool]
    assignee_id: ColumnElement[UUID | None]
    shared: ColumnElement[list[UUID]]
    deleted: ColumnElement[bool]
    opened_by: ColumnElement[str]


def access_predicate(actor: Actor, action: Action, columns: AccessColumns) -> ColumnElement[bool]:
    """`decide` as a WHERE condition (a null counts as false): true where it would Allow."""
    if actor.kind == "system" or actor.is_at_least(Role.MANAGER):
        return true()
    if actor.kind == "key":
        return and_(not_(columns.deleted), _key_predicate(actor, action, columns))
    user = actor.user_id
    if user is None or actor.role is None:
        return false()
    if actor.role is Role.VIEWER and action != "view":
        return false()
    me = literal(user, Uuid())
    own_team = columns.team_id == any_(literal(sorted(actor.teams), ARRAY(Uuid())))
    involved = or_(columns.assignee_id == me, me == any_(columns.shared))
    outside = and_(not_(columns.restricted), involved)
    if actor.role is Role.VIEWER:
        sees = and_(not_(columns.restricted), or_(own_team, involved))
    else:
        sees = or_(own_team, outside)
    if action == "delete":
        return and_(not_(columns.deleted), sees, columns.assignee_id == me)
    return and_(not_(columns.deleted), sees)


def _key_predicate(actor: Actor, action: Action, columns: AccessColumns) -> ColumnElement[bool]:
    if action == "delete":
        return false()
    scopes = {"view": ("tickets:view", "tickets:modify"), "modify": ("tickets:modify",)}[action]
    if actor.has_scope(*(f"{scope}:all" for scope in scopes)):
        return true()
    return columns.opened_by == actor.ref if actor.has_scope(*scopes) else false()

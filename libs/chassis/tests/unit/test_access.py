"""Who may do what: the truth table, and its twin in SQL against the same table."""

from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ARRAY, Boolean, Column, MetaData, String, Table, Uuid, select
from sqlalchemy.dialects import postgresql

from deskstream_chassis.access import (
    AccessColumns,
    AccessDenied,
    Actor,
    Allow,
    Deny,
    Role,
    TicketAccess,
    access_predicate,
    decide,
    demand,
    sees_notes,
    system,
)

SUPPORT, CREDIT, OTHER = uuid4(), uuid4(), uuid4()
ME, COLLEAGUE = uuid4(), uuid4()


def staff(role: str, *teams: UUID) -> Actor:
    return Actor("user", str(ME), Role(role), frozenset(teams))


def key(*scopes: str) -> Actor:
    return Actor("key", "k1", scopes=frozenset(scopes))


def ticket(team: UUID = SUPPORT, **facts: Any) -> TicketAccess:
    facts.setdefault("opened_by", "user:someone")
    return TicketAccess(team_id=team, restricted=facts.pop("restricted", team == CREDIT), **facts)


def verdict(actor: Actor, action: Any, of: TicketAccess) -> str:
    match decide(actor, action, of):
        case Allow():
            return "allow"
        case Deny(reason):
            return reason


MINE: dict[str, Any] = {"assignee_id": ME}
SHARED: dict[str, Any] = {"shared": frozenset({ME})}

Row = tuple[str, Actor, TicketAccess, str, str, str]
NOBODY = Actor("user", str(ME), None, frozenset({SUPPORT}))
BY_KEY = ticket(opened_by="key:k1")
HIDDEN = ("hidden", "hidden", "hidden")
ALL = ("allow", "allow", "allow")
WORK = ("allow", "allow", "forbidden")
LOOK = ("allow", "forbidden", "forbidden")

TABLE: list[Row] = [
    # what, actor, ticket, view, modify, delete
    ("an admin", staff("admin"), ticket(CREDIT), *ALL),
    ("a manager", staff("manager"), ticket(CREDIT), *ALL),
    ("a manager and a deleted one", staff("manager"), ticket(deleted=True), *ALL),
    ("an agent of the team", staff("agent", SUPPORT), ticket(), *WORK),
    ("the assignee", staff("agent", SUPPORT), ticket(**MINE), *ALL),
    ("an assignee of another team", staff("agent", OTHER), ticket(**MINE), *ALL),
    ("shared", staff("agent", OTHER), ticket(**SHARED), *WORK),
    ("an agent of another team", staff("agent", OTHER), ticket(), *HIDDEN),
    ("a member of credit", staff("agent", CREDIT), ticket(CREDIT), *WORK),
    ("an outsider assigned in credit", staff("agent", OTHER), ticket(CREDIT, **MINE), *HIDDEN),
    ("an outsider shared in credit", staff("agent"), ticket(CREDIT, **SHARED), *HIDDEN),
    ("an agent and a deleted one", staff("agent", SUPPORT), ticket(deleted=True), *HIDDEN),
    ("a viewer of the team", staff("viewer", SUPPORT), ticket(), *LOOK),
    ("a viewer, assigned", staff("viewer"), ticket(**MINE), *LOOK),
    ("a viewer of credit", staff("viewer", CREDIT), ticket(CREDIT), *HIDDEN),
    ("a viewer of another team", staff("viewer", OTHER), ticket(), *HIDDEN),
    ("staff without a role", NOBODY, ticket(), *HIDDEN),
    ("a key without scopes", key(), BY_KEY, *HIDDEN),
    ("a key with another's scope", key("users:read"), BY_KEY, *HIDDEN),
    ("a viewing key, own", key("tickets:view"), BY_KEY, *LOOK),
    ("a viewing key, foreign", key("tickets:view"), ticket(opened_by="key:k2"), *HIDDEN),
    ("a modifying key, own", key("tickets:modify"), BY_KEY, *WORK),
    ("a modifying key, foreign", key("tickets:modify"), ticket(), *HIDDEN),
    ("a key viewing all", key("tickets:view:all"), ticket(CREDIT), *LOOK),
    ("a key modifying all", key("tickets:modify:all"), ticket(CREDIT), *WORK),
    ("a key and a deleted one", key("tickets:modify:all"), ticket(deleted=True), *HIDDEN),
    ("the product itself", system("timer"), ticket(CREDIT, deleted=True), *ALL),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_the_decision_is_the_truth_table_s(
    row: Row,
) -> None:
    _, actor, facts, view, modify, delete = row
    assert [verdict(actor, action, facts) for action in ("view", "modify", "delete")] == [
        view, modify, delete,
    ]  # fmt: skip


def test_a_role_holds_for_those_above_it() -> None:
    ranked = [Role.VIEWER, Role.AGENT, Role.MANAGER, Role.ADMIN]
    for (i, low), (j, high) in product(enumerate(ranked), repeat=2):
        assert low.at_least(high) is (i >= j)


def test_a_key_never_has_a_role_even_if_one_is_claimed() -> None:
    assert not Actor("key", "k1", Role.ADMIN).is_at_least(Role.VIEWER)
    assert verdict(Actor("key", "k1", Role.ADMIN), "view", ticket()) == "hidden"


def test_an_absent_ticket_is_denied_like_a_hidden_one() -> None:
    with pytest.raises(AccessDenied) as absent:
        demand(staff("admin"), "view", None)
    with pytest.raises(AccessDenied) as hidden:
        demand(staff("agent"), "view", ticket())
    assert absent.value.reason == hidden.value.reason == "hidden"


def test_a_seen_ticket_that_may_not_be_changed_is_forbidden() -> None:
    with pytest.raises(AccessDenied) as denied:
        demand(staff("viewer", SUPPORT), "modify", ticket())
    assert denied.value.reason == "forbidden"


def test_viewers_do_not_see_notes() -> None:
    assert [sees_notes(staff(role)) for role in ("viewer", "agent", "admin")] == [False, True, True]


TICKETS = Table(
    "ticket",
    MetaData(),
    Column("team_id", Uuid, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("assignee_id", Uuid),
    Column("shared", ARRAY(Uuid), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("opened_by", String, nullable=False),
)
COLUMNS = AccessColumns(**{name: TICKETS.c[name] for name in AccessColumns.__dataclass_fields__})


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_the_predicate_compiles_for_every_actor(
    row: Row,
) -> None:
    for action in ("view", "modify", "delete"):
        statement = select(TICKETS.c.team_id).where(access_predicate(row[1], action, COLUMNS))
        assert str(statement.compile(dialect=postgresql.asyncpg.dialect()))

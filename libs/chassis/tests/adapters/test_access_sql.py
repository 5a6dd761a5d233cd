"""The access predicate and `decide` are one rule: on PostgreSQL, for any actor and any ticket."""

from collections.abc import AsyncIterator
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Boolean, Column, Integer, MetaData, String, Table, Uuid, select
from sqlalchemy.dialects import postgresql

from deskstream_chassis.access import (
    AccessColumns,
    Actor,
    Allow,
    Role,
    TicketAccess,
    access_predicate,
    decide,
)

TICKETS = Table(
    "ticket",
    MetaData(),
    Column("id", Integer),
    Column("team_id", Uuid, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("assignee_id", Uuid),
    Column("shared", ARRAY(Uuid), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("opened_by", String, nullable=False),
)
COLUMNS = AccessColumns(**{name: TICKETS.c[name] for name in AccessColumns.__dataclass_fields__})
PEOPLE = [UUID(int=n) for n in range(1, 4)]
TEAMS = [UUID(int=n) for n in range(101, 104)]
KEYS = ["k1", "k2"]
SCOPES = ["tickets:view", "tickets:modify", "tickets:view:all", "tickets:modify:all", "users:read"]

people, teams = st.sampled_from(PEOPLE), st.sampled_from(TEAMS)
users = st.builds(
    Actor,
    kind=st.just("user"),
    id=people.map(str),
    role=st.none() | st.sampled_from(Role),
    teams=st.frozensets(teams),
)
keys = st.builds(
    Actor,
    kind=st.just("key"),
    id=st.sampled_from(KEYS),
    scopes=st.frozensets(st.sampled_from(SCOPES)),
    role=st.none() | st.sampled_from(Role),
    teams=st.frozensets(teams),
)
actors = users | keys | st.just(Actor("system", "timer"))
tickets = st.builds(
    TicketAccess,
    team_id=teams,
    restricted=st.booleans(),
    assignee_id=st.none() | people,
    shared=st.frozensets(people),
    deleted=st.booleans(),
    opened_by=st.sampled_from([f"key:{k}" for k in KEYS] + [f"user:{p}" for p in PEOPLE]),
)


@pytest.fixture
async def connection(postgres_dsn: Any) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(postgres_dsn())
    await found.execute(
        "create table ticket (id int, team_id uuid not null, restricted bool not null,"
        " assignee_id uuid, shared uuid[] not null, deleted bool not null, opened_by text not null)"
    )
    yield found
    await found.close()


def samples() -> list[tuple[Actor, str, list[TicketAccess]]]:
    """Cases drawn by Hypothesis; the database is asked outside of it, in one loop."""
    found: list[tuple[Actor, str, list[TicketAccess]]] = []

    @settings(max_examples=400, database=None, derandomize=True)
    @given(actors, st.sampled_from(["view", "modify", "delete"]), st.lists(tickets, max_size=12))
    def draw(actor: Actor, action: str, rows: list[TicketAccess]) -> None:
        found.append((actor, action, rows))

    draw()
    return found


async def test_the_predicate_selects_what_decide_allows(connection: asyncpg.Connection) -> None:
    cases, kinds = samples(), set()
    for actor, action, rows in islice(cases, 400):
        await connection.execute("truncate ticket")
        await connection.executemany(
            "insert into ticket values ($1, $2, $3, $4, $5, $6, $7)",
            [
                (n, t.team_id, t.restricted, t.assignee_id, list(t.shared), t.deleted, t.opened_by)
                for n, t in enumerate(rows)
            ],
        )
        chosen = await select_allowed(connection, actor, action)
        verdicts = [decide(actor, action, ticket) for ticket in rows]  # type: ignore[arg-type]
        assert chosen == {n for n, v in enumerate(verdicts) if isinstance(v, Allow)}, (
            actor,
            action,
        )
        kinds |= {(actor.kind, action, bool(verdict)) for verdict in verdicts}
    assert len(kinds) == 3 * 3 * 2 - 3 - 1  # the system is never denied, a key never deletes


async def select_allowed(connection: asyncpg.Connection, actor: Actor, action: Any) -> set[int]:
    statement = select(TICKETS.c.id).where(access_predicate(actor, action, COLUMNS))
    compiled = statement.compile(dialect=postgresql.asyncpg.dialect())
    names = compiled.positiontup or []
    rows = await connection.fetch(str(compiled), *(compiled.params[name] for name in names))
    return {row["id"] for row in rows}

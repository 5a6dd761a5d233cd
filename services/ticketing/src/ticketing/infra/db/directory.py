"""The replica of users and teams."""

from collections.abc import Iterable, Mapping
from uuid import UUID

import asyncpg
from sqlalchemy import any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_eventstore import Work, compiled
from ticketing.domain.people import Person, Team
from ticketing.infra.db.tables import person, team

PERSON = compiled(select(person).where(person.c.id == bindparam("b_id")))
BY_EMAIL = compiled(
    select(person)
    .where(func.lower(person.c.email) == func.lower(bindparam("b_email")))
    .order_by(person.c.active.desc(), person.c.id)
    .limit(1)
)
NAMES = compiled(
    select(person.c.id, person.c.name).where(
        person.c.id == any_(bindparam("b_ids", type_=ARRAY(person.c.id.type)))
    )
)
TEAM = compiled(select(team).where(team.c.id == bindparam("b_id")))
_person = insert(person).values({c.name: bindparam(f"b_{c.name}") for c in person.c})
KEEP_PERSON = compiled(
    _person.on_conflict_do_update(
        index_elements=[person.c.id],
        set_={c.name: _person.excluded[c.name] for c in person.c if c.name != "id"},
    )
)
_team = insert(team).values({c.name: bindparam(f"b_{c.name}") for c in team.c})
KEEP_TEAM = compiled(
    _team.on_conflict_do_update(
        index_elements=[team.c.id],
        set_={"title": _team.excluded.title, "restricted": _team.excluded.restricted},
    )
)


def _as_person(row: asyncpg.Record | None) -> Person | None:
    if row is None:
        return None
    return Person(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        role=row["role"],
        active=row["active"],
        teams=frozenset(row["teams"]),
    )


class PostgresDirectory:
    """Directory over `person` and `team`."""

    async def person(self, work: Work, person_id: UUID) -> Person | None:
        """By id."""
        return _as_person(await PERSON.row(work, b_id=person_id))

    async def person_by_email(self, work: Work, email: str) -> Person | None:
        """By address; of several the active one."""
        return _as_person(await BY_EMAIL.row(work, b_email=email))

    async def names(self, work: Work, ids: Iterable[UUID]) -> Mapping[UUID, str]:
        """In one statement."""
        rows = await NAMES.fetch(work, b_ids=list(ids))
        return {row["id"]: row["name"] for row in rows}

    async def team(self, work: Work, team_id: UUID) -> Team | None:
        """By id."""
        row = await TEAM.row(work, b_id=team_id)
        return None if row is None else Team(row["id"], row["title"], row["restricted"])

    async def keep_person(self, work: Work, person: Person) -> None:
        """Insert or replace."""
        await KEEP_PERSON.execute(
            work,
            b_id=person.id,
            b_email=person.email,
            b_name=person.name,
            b_role=person.role,
            b_active=person.active,
            b_teams=sorted(person.teams),
        )

    async def keep_team(self, work: Work, team: Team) -> None:
        """Insert or replace."""
        await KEEP_TEAM.execute(
            work, b_id=team.id, b_title=team.title, b_restricted=team.restricted
        )

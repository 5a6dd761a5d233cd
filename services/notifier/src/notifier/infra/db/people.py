"""The replica of staff accounts."""

from uuid import UUID

import asyncpg
from sqlalchemy import bindparam, select

from deskstream_eventstore import Work, compiled
from notifier.domain.people import Person
from notifier.infra.db.tables import person
from notifier.infra.db.upsert import put

KEEP = put(person)
FIND = compiled(select(person).where(person.c.id == bindparam("b_id")))
ADMINS = compiled(
    select(person)
    .where(person.c.role == "admin", person.c.status == "active")
    .order_by(person.c.id)
)


class DbPeople:
    """See ports.People."""

    async def keep(self, work: Work, person: Person) -> None:
        """See ports."""
        await KEEP.execute(
            work,
            b_id=person.user_id,
            b_name=person.name,
            b_email=person.email,
            b_role=person.role,
            b_status=person.status,
        )

    async def find(self, work: Work, user_id: UUID) -> Person | None:
        """See ports."""
        row = await FIND.row(work, b_id=user_id)
        return None if row is None else _person(row)

    async def active_admins(self, work: Work) -> list[Person]:
        """See ports."""
        return [_person(row) for row in await ADMINS.fetch(work)]


def _person(row: asyncpg.Record) -> Person:
    return Person(
        user_id=UUID(bytes=row["id"].bytes),
        name=row["name"],
        email=row["email"],
        role=row["role"],
        status=row["status"],
    )

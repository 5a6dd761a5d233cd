"""Whom a request means."""

from collections.abc import Iterable
from uuid import UUID

from deskstream_eventstore import Work
from ticketing.application.ports import Directory
from ticketing.domain.errors import AssigneeUnknown, PersonUnknown
from ticketing.domain.people import Person


async def find_assignee(
    work: Work, directory: Directory, wanted: UUID | str | None
) -> Person | None:
    """By id or e-mail; None where nobody is meant. Raises AssigneeUnknown."""
    if wanted is None:
        return None
    found = (
        await directory.person(work, wanted)
        if isinstance(wanted, UUID)
        else await directory.person_by_email(work, wanted)
    )
    if found is None:
        raise AssigneeUnknown("nobody has this id or address", field="assignee")
    return found


async def find_people(
    work: Work, directory: Directory, wanted: Iterable[UUID] | None, field: str
) -> tuple[Person, ...] | None:
    """By id, each once; None where nothing is said of them. Raises PersonUnknown."""
    if wanted is None:
        return None
    found = [await directory.person(work, one) for one in dict.fromkeys(wanted)]
    people = tuple(person for person in found if person is not None)
    if len(people) < len(found):
        raise PersonUnknown("nobody has this id", field=field)
    return people

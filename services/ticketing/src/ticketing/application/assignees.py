"""Whom a request means by an assignee."""

from uuid import UUID

from deskstream_eventstore import Work
from ticketing.application.ports import Directory
from ticketing.domain.errors import AssigneeUnknown
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

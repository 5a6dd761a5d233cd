"""Whom a request means."""

from typing import Any
from uuid import uuid4

import pytest

from ticketing.application.assignees import find_assignee
from ticketing.domain.errors import AssigneeUnknown
from ticketing.interface.http.fields import assignee_ref
from ticketing.testing import MemoryDirectory, person

NO_WORK: Any = None


@pytest.fixture
async def directory() -> MemoryDirectory:
    made = MemoryDirectory()
    await made.keep_person(NO_WORK, person(1))
    return made


@pytest.mark.parametrize("text", [str(person(1).id), "agent-1@desk.test", " AGENT-1@DESK.TEST "])
async def test_somebody_is_meant_by_id_or_address(directory: MemoryDirectory, text: str):
    assert await find_assignee(NO_WORK, directory, assignee_ref(text)) == person(1)


async def test_nobody_is_meant_by_nothing(directory: MemoryDirectory):
    assert await find_assignee(NO_WORK, directory, assignee_ref(None)) is None


@pytest.mark.parametrize("text", [str(uuid4()), "agent-9@desk.test", "agent", ""])
async def test_an_unknown_assignee_is_an_error(directory: MemoryDirectory, text: str):
    with pytest.raises(AssigneeUnknown):
        await find_assignee(NO_WORK, directory, assignee_ref(text))

"""Letters until their fate is final."""

from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import bindparam, delete, select

from deskstream_eventstore import SubjectHasher, Work, compiled
from notifier.domain.letter import Letter
from notifier.infra.db.tables import letter
from notifier.infra.db.upsert import put

PUT = put(letter)
GET = compiled(select(letter.c.content).where(letter.c.message_id == bindparam("b_message_id")))
DROP = compiled(delete(letter).where(letter.c.message_id == bindparam("b_message_id")))
LETTER = TypeAdapter(Letter)


class DbLetters:
    """See ports.Letters."""

    def __init__(self, subjects: SubjectHasher) -> None:
        self._subjects = subjects

    async def put(self, work: Work, letter: Letter) -> None:
        """See ports."""
        people = tuple(f"mail:{one.address}" for one in letter.recipients)
        await PUT.execute(
            work,
            b_message_id=letter.message_id,
            b_content=LETTER.dump_python(letter, mode="json"),
            b_subjects=list(self._subjects.hashes(people)),
        )

    async def get(self, work: Work, message_id: UUID) -> Letter | None:
        """See ports."""
        content = await GET.value(work, b_message_id=message_id)
        return None if content is None else LETTER.validate_python(content)

    async def drop(self, work: Work, message_id: UUID) -> None:
        """See ports."""
        await DROP.execute(work, b_message_id=message_id)

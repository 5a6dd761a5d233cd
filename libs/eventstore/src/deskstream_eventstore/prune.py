"""What a store forgets by time: inbox ids and dead letters after 30 days. Never side effects."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Database

KEPT = timedelta(days=30)
SLICE = 5000

_INBOX = compiled(
    text(
        "delete from inbox where ctid = any(array("
        " select ctid from inbox where processed_at < clock_timestamp() - cast(:kept as interval)"
        " limit :slice))"
    )
)
_LETTERS = compiled(
    text("delete from dead_letter where at < clock_timestamp() - cast(:kept as interval)")
)


@dataclass(frozen=True)
class Pruned:
    """Rows removed."""

    inbox: int
    dead_letters: int


async def prune(database: Database, kept: timedelta = KEPT) -> Pruned:
    """Remove old rows in slices of one short transaction each. Versions still tell old events."""
    inbox = 0
    while True:
        async with database.work() as work:
            removed = await _INBOX.execute(work, kept=kept, slice=SLICE)
        inbox += removed
        if removed < SLICE:
            break
    async with database.work() as work:
        letters = await _LETTERS.execute(work, kept=kept)
    return Pruned(inbox, letters)

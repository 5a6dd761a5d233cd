"""Remove objects that no ticket has: uploads that broke off after the write."""

from datetime import timedelta

from deskstream_eventstore import Database
from ticketing.application.ports import Files, Index

GRACE = timedelta(hours=1)
"""An upload that is older than this is over, one way or the other."""
REACH = timedelta(days=3)
"""How far back a sweep looks; it runs every hour."""


class SweepFiles:
    """Never removes what a ticket has, nor what is young enough to be under way."""

    def __init__(self, database: Database, files: Files, index: Index) -> None:
        self._database = database
        self._files = files
        self._index = index

    async def __call__(self, grace: timedelta = GRACE) -> int:
        """How many objects were removed."""
        removed = 0
        async for keys in self._files.abandoned(grace, REACH):
            async with self._database.reading() as work:
                kept = await self._index.kept_keys(work, keys)
            orphans = [key for key in keys if key not in kept]
            await self._files.remove(orphans)
            removed += len(orphans)
        return removed

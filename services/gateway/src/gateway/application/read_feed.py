"""The feed by cursor, for integrations."""

from dataclasses import dataclass

from deskstream_chassis.access import Actor
from gateway.application.desk import Feed
from gateway.application.feed import Entry, shows
from gateway.domain.errors import FeedForgotten, ReplicaBehind

SCANNED = 500
"""Entries looked at in one go."""
LONGEST_SCAN = 2_000
"""Entries looked at for one answer; a caller who sees few of them comes again."""


@dataclass(frozen=True)
class FeedPage:
    """What he may see, in order, and where to go on: also where nothing was found, past what was
    looked at."""

    entries: tuple[Entry, ...]
    next: int


class ReadFeed:
    """What happened after `since` (None: as far back as is kept), at most `limit` of it.

    Raises FeedForgotten where entries after `since` are gone, ReplicaBehind where the facts are too
    old to decide with.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def __call__(self, actor: Actor, since: int | None, limit: int) -> FeedPage:
        found: list[Entry] = []
        at = since
        begun = None
        while True:
            read = await self._feed.after(at, SCANNED)
            if not read.fresh:
                raise ReplicaBehind("what may be seen is not known at this moment")
            at = read.floor if at is None else at
            if not read.holds(at):
                raise FeedForgotten("begin again without a cursor", field="since")
            begun = at if begun is None else begun
            for entry in read.entries:
                at = entry.seq
                if shows(actor, entry):
                    found.append(entry)
                    if len(found) == limit:
                        return FeedPage(tuple(found), at)
            if len(read.entries) < SCANNED or at - begun >= LONGEST_SCAN:
                return FeedPage(tuple(found), at)

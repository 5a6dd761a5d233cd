"""What is over: counts of automatic mail beyond every cap, and what the store forgets by time."""

from sqlalchemy import bindparam, delete

from deskstream_chassis.clock import Clock
from deskstream_eventstore import Database, compiled, prune
from notifier.domain.caps import LONGEST_WINDOW
from notifier.infra.db.tables import automatic_mail

SWEEP = compiled(delete(automatic_mail).where(automatic_mail.c.at < bindparam("b_before")))


class KeepHouse:
    """Inbox ids and dead letters after 30 days, counts of automatic mail after 10 h."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self) -> int:
        """How many rows were removed."""
        pruned = await prune(self._database)
        async with self._database.work() as work:
            counts = await SWEEP.execute(work, b_before=self._clock.now() - LONGEST_WINDOW)
        return pruned.inbox + pruned.dead_letters + counts

"""What the store forgets by time."""

from deskstream_eventstore import Database, command_log, prune


class PruneStore:
    """Inbox ids and dead letters after 30 days, answers kept for Idempotency-Keys after 24 h."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self) -> int:
        """How many rows were removed."""
        pruned = await prune(self._database)
        async with self._database.work() as work:
            keys = await command_log.prune(work.connection)
        return pruned.inbox + pruned.dead_letters + keys

"""One holder at a time, by a row with an epoch that only grows."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from deskstream_eventstore.connection import STATEMENT_SECONDS, Connection
from deskstream_eventstore.errors import StoreError

TTL = timedelta(seconds=15)
RENEW_EVERY = timedelta(seconds=5)

_TAKE = """
insert into relay_lease as mine (name, holder, epoch, expires_at)
values ($1, $2, $3 + 1, clock_timestamp() + $4)
on conflict (name) do update
  set holder = excluded.holder, epoch = greatest(mine.epoch, $3) + 1,
      expires_at = excluded.expires_at
  where mine.expires_at < clock_timestamp()
returning epoch"""
_IS_FREE = """
select not exists (select 1 from relay_lease where name = $1 and expires_at >= clock_timestamp())"""
_RENEW = """
update relay_lease set expires_at = clock_timestamp() + $4
where name = $1 and holder = $2 and epoch = $3 returning 1"""
_GIVE_BACK = """
update relay_lease set expires_at = clock_timestamp() - interval '1 second'
where name = $1 and holder = $2 and epoch = $3"""


class LeaseLost(StoreError):
    """Another holds the lease; what was being done must stop."""


@dataclass
class Lease:
    """A named lease of one store. Times are the database's own; the holder's clock is not asked."""

    name: str
    ttl: timedelta = TTL
    holder: str = field(default_factory=lambda: uuid4().hex)
    epoch: int = 0
    """Ours, once taken; 0 before."""

    async def is_free(self, connection: Connection) -> bool:
        """Whether nobody holds it now."""
        return bool(await connection.fetchval(_IS_FREE, self.name))

    async def take(self, connection: Connection, *, above: int = 0) -> bool:
        """Take it if it is free; the epoch becomes greater than any before and than `above`."""
        epoch = await connection.fetchval(_TAKE, self.name, self.holder, above, self.ttl)
        self.epoch = epoch or 0
        return bool(epoch)

    async def renew(self, connection: Connection) -> None:
        """Keep it. Raises LeaseLost where another took it."""
        mine = (self.name, self.holder, self.epoch, self.ttl)
        if not await connection.fetchval(_RENEW, *mine, timeout=STATEMENT_SECONDS):
            raise LeaseLost(f"the lease {self.name} of epoch {self.epoch} is gone")

    async def give_back(self, connection: Connection) -> None:
        """Let another take it at once."""
        await connection.execute(_GIVE_BACK, self.name, self.holder, self.epoch)

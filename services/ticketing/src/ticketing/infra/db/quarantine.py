"""Files that are not given out: not scanned yet, or found to be infected."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Text, any_, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_eventstore import Work, compiled
from ticketing.application.scan_files import Verdict, Waiting
from ticketing.infra.db.tables import quarantine

HOLD = compiled(
    insert(quarantine)
    .values({c.name: bindparam(f"b_{c.name}") for c in quarantine.c})
    .on_conflict_do_nothing()
)
STATES = compiled(
    select(quarantine.c.key, quarantine.c.state).where(
        quarantine.c.key == any_(bindparam("b_keys", type_=ARRAY(Text)))
    )
)
_due = (
    select(quarantine.c.key)
    .where(
        quarantine.c.state == literal_column("'waiting'"), quarantine.c.due <= bindparam("b_now")
    )
    .order_by(quarantine.c.due)
    .limit(1)
    .with_for_update(skip_locked=True)
)
LEASE = compiled(
    update(quarantine)
    .where(quarantine.c.key == _due.scalar_subquery())
    .values(due=bindparam("b_until"))
    .returning(quarantine.c.key, quarantine.c.size)
)
LET_GO = compiled(delete(quarantine).where(quarantine.c.key == bindparam("b_key")))
SETTLE = compiled(
    update(quarantine)
    .where(quarantine.c.key == bindparam("b_key"))
    .values(state=bindparam("b_state"), due=bindparam("b_due"))
)


class PostgresQuarantine:
    """Rows that are no events: what a file holds does not change, only what is known of it."""

    async def hold(self, work: Work, files: Sequence[Waiting], at: datetime) -> None:
        """Each once."""
        for file in files:
            await HOLD.execute(work, b_key=file.key, b_size=file.size, b_state="waiting", b_due=at)

    async def states(self, work: Work, keys: Sequence[str]) -> Mapping[str, Verdict]:
        """In one statement."""
        return {row["key"]: row["state"] for row in await STATES.fetch(work, b_keys=list(keys))}

    async def lease(self, work: Work, now: datetime, until: datetime) -> Waiting | None:
        """`for update skip locked`: processes share the work."""
        row = await LEASE.row(work, b_now=now, b_until=until)
        return None if row is None else Waiting(row["key"], row["size"])

    async def settle(self, work: Work, key: str, verdict: Verdict, again: datetime) -> None:
        """By the primary key."""
        if verdict == "clean":
            await LET_GO.execute(work, b_key=key)
        else:
            await SETTLE.execute(work, b_key=key, b_state=verdict, b_due=again)

"""Who is not to be mailed: suppressed addresses and the caps of automatic mail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from deskstream_eventstore import SubjectHasher, Work, compiled
from notifier.domain.caps import LONGEST_WINDOW, CapSource, reached
from notifier.infra.db.tables import automatic_mail, suppressed_address
from notifier.infra.db.upsert import put

SUPPRESS = compiled(
    insert(suppressed_address)
    .values({c.name: bindparam(f"b_{c.name}") for c in suppressed_address.c})
    .on_conflict_do_nothing()
)
SUPPRESSED = compiled(
    select(suppressed_address.c.address_hash).where(
        suppressed_address.c.address_hash == any_(bindparam("b_hashes", type_=ARRAY(Text)))
    )
)
ONE_AT_A_TIME = compiled(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("b_hash"), 0)))
)
EARLIER = compiled(
    select(automatic_mail.c.at).where(
        automatic_mail.c.address_hash == bindparam("b_hash"),
        automatic_mail.c.at > bindparam("b_since"),
        automatic_mail.c.message_id != bindparam("b_message_id"),
    )
)
COUNT = put(automatic_mail)


class DbScreen:
    """See ports.Screen. `claim` holds a lock until its transaction ends: append nothing in it."""

    def __init__(self, subjects: SubjectHasher) -> None:
        self._subjects = subjects

    async def suppress(
        self,
        work: Work,
        address: str,
        reason: str,
        at: datetime,
        message_id: UUID | None = None,
    ) -> None:
        """See ports; the first reason stays."""
        person = self._hash(address)
        await SUPPRESS.execute(
            work,
            b_address_hash=person,
            b_reason=reason,
            b_since=at,
            b_id=UUID(person[:32]),
            b_message_id=message_id,
        )

    async def suppressed(self, work: Work, addresses: Sequence[str]) -> frozenset[str]:
        """See ports."""
        by_hash: dict[str, list[str]] = {}
        for address in addresses:
            by_hash.setdefault(self._hash(address), []).append(address)
        rows = await SUPPRESSED.fetch(work, b_hashes=list(by_hash))
        return frozenset(one for row in rows for one in by_hash[row["address_hash"]])

    async def claim(
        self, work: Work, address: str, message_id: UUID, now: datetime
    ) -> CapSource | None:
        """See ports."""
        person = self._hash(address)
        await ONE_AT_A_TIME.fetch(work, b_hash=person)
        rows = await EARLIER.fetch(
            work, b_hash=person, b_since=now - LONGEST_WINDOW, b_message_id=message_id
        )
        source = reached([row["at"] for row in rows], now)
        if source is None:
            await COUNT.execute(work, b_message_id=message_id, b_address_hash=person, b_at=now)
        return source

    def _hash(self, address: str) -> str:
        return self._subjects.hash(f"mail:{address}")

"""Known devices and failed tries, bound to one unit of work."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import SubjectHasher, Work, compiled
from gateway.domain.text import fold_email
from gateway.domain.tries import Tries
from gateway.infra.db.tables import known_device, sign_in_tries

_KNOWS = compiled(
    select(known_device.c.user_id).where(
        known_device.c.token_hash == bindparam("token_hash"),
        known_device.c.user_id == bindparam("user_id"),
        known_device.c.ended_at.is_(None),
        known_device.c.expires_at > bindparam("now"),
    )
)
_ANY = compiled(select(exists().where(known_device.c.user_id == bindparam("user_id"))))
_ADD = compiled(
    insert(known_device).values(
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        last_seen_at=bindparam("last_seen_at"),
        expires_at=bindparam("expires_at"),
    )
)
_SEEN = compiled(
    update(known_device)
    .where(
        known_device.c.token_hash == bindparam("token"),
        known_device.c.user_id == bindparam("owner"),
    )
    .values(last_seen_at=bindparam("last_seen_at"), expires_at=bindparam("expires_at"))
)
_REPLACE = compiled(
    update(known_device)
    .where(
        known_device.c.token_hash == bindparam("old_hash"),
        known_device.c.user_id != bindparam("newcomer"),
        known_device.c.ended_at.is_(None),
    )
    .values(token_hash=bindparam("new_hash"))
)
_END_ALL = compiled(
    update(known_device)
    .where(known_device.c.user_id == bindparam("owner"), known_device.c.ended_at.is_(None))
    .values(ended_at=bindparam("ended_at"))
)


class DbDevices:
    """See ports.Devices."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def knows(self, token_hash: bytes, user_id: UUID, now: datetime) -> bool:
        """By its primary key."""
        row = await _KNOWS.row(self._work, token_hash=token_hash, user_id=user_id, now=now)
        return row is not None

    async def has_any(self, user_id: UUID) -> bool:
        """Ended and old ones count."""
        return bool(await _ANY.value(self._work, user_id=user_id))

    async def add(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        """One row."""
        await _ADD.execute(
            self._work,
            token_hash=token_hash,
            user_id=user_id,
            last_seen_at=at,
            expires_at=expires_at,
        )

    async def seen(
        self, token_hash: bytes, user_id: UUID, at: datetime, expires_at: datetime
    ) -> None:
        """One row."""
        await _SEEN.execute(
            self._work, token=token_hash, owner=user_id, last_seen_at=at, expires_at=expires_at
        )

    async def replace(self, old_hash: bytes, new_hash: bytes, *, newcomer: UUID) -> None:
        """A row per account."""
        await _REPLACE.execute(self._work, old_hash=old_hash, new_hash=new_hash, newcomer=newcomer)

    async def end_all(self, user_id: UUID, at: datetime) -> None:
        """Those that count."""
        await _END_ALL.execute(self._work, owner=user_id, ended_at=at)


_BEGIN = compiled(
    insert(sign_in_tries)
    .values(address_hash=bindparam("address_hash"), failures=0)
    .on_conflict_do_nothing(index_elements=["address_hash"])
)
_HOLD = compiled(
    select(sign_in_tries.c.failures, sign_in_tries.c.last_at)
    .where(sign_in_tries.c.address_hash == bindparam("address_hash"))
    .with_for_update()
)
_KEEP = compiled(
    update(sign_in_tries)
    .where(sign_in_tries.c.address_hash == bindparam("account"))
    .values(failures=bindparam("failures"), last_at=bindparam("last_at"))
)
_FORGET = compiled(
    update(sign_in_tries)
    .where(sign_in_tries.c.address_hash == bindparam("account"))
    .values(failures=0)
)


class DbTries:
    """See ports.SignInTries. By the keyed hash of the folded address."""

    def __init__(self, work: Work, subjects: SubjectHasher) -> None:
        self._work, self._subjects = work, subjects

    async def hold(self, email: str) -> Tries:
        """Locks the row, which is made where there is none."""
        hashed = self._hash(email)
        await _BEGIN.execute(self._work, address_hash=hashed)
        row = await _HOLD.row(self._work, address_hash=hashed)
        return Tries() if row is None else Tries(row["failures"], row["last_at"])

    async def keep(self, email: str, tries: Tries) -> None:
        """The row held."""
        await _KEEP.execute(
            self._work, account=self._hash(email), failures=tries.failures, last_at=tries.last_at
        )

    async def forget(self, email: str) -> None:
        """Its row stays for those who wait for it."""
        await _FORGET.execute(self._work, account=self._hash(email))

    def _hash(self, email: str) -> str:
        return self._subjects.hash(f"mail:{fold_email(email)}")

"""Sign-ins that wait for their second factor, bound to one unit of work."""

from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from deskstream_eventstore import Work, compiled
from gateway.domain.factor import Pending
from gateway.infra.db.tables import pending_sign_in

_BY_TOKEN = pending_sign_in.c.token_hash == bindparam("hashed")
_ADD = compiled(
    insert(pending_sign_in).values(
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        expires_at=bindparam("expires_at"),
    )
)
_FIND = compiled(
    select(pending_sign_in.c.user_id, pending_sign_in.c.expires_at, pending_sign_in.c.tries).where(
        _BY_TOKEN
    )
)
_MISS = compiled(update(pending_sign_in).where(_BY_TOKEN).values(tries=pending_sign_in.c.tries + 1))
_DROP = compiled(delete(pending_sign_in).where(_BY_TOKEN))
_VOID = compiled(delete(pending_sign_in).where(pending_sign_in.c.user_id == bindparam("user_id")))


class DbPendingSignIns:
    """See ports.PendingSignIns."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def add(self, token_hash: bytes, pending: Pending) -> None:
        """One row."""
        await _ADD.execute(
            self._work,
            token_hash=token_hash,
            user_id=pending.user_id,
            expires_at=pending.expires_at,
        )

    async def find(self, token_hash: bytes) -> Pending | None:
        """By the token's hash."""
        row = await _FIND.row(self._work, hashed=token_hash)
        return None if row is None else Pending(**dict(row))

    async def miss(self, token_hash: bytes) -> None:
        """One more."""
        await _MISS.execute(self._work, hashed=token_hash)

    async def drop(self, token_hash: bytes) -> None:
        """One row."""
        await _DROP.execute(self._work, hashed=token_hash)

    async def void(self, user_id: UUID) -> None:
        """All of this account's."""
        await _VOID.execute(self._work, user_id=user_id)

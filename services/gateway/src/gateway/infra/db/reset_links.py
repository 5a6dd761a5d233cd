"""Links to set another password, bound to one unit of work."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, update

from deskstream_eventstore import Work, compiled
from gateway.domain.link import ResetLink
from gateway.infra.db.tables import reset_link

_ADD = compiled(
    insert(reset_link).values(
        token_hash=bindparam("token_hash"),
        user_id=bindparam("user_id"),
        issued_at=bindparam("issued_at"),
        expires_at=bindparam("expires_at"),
    )
)
_HOLD = compiled(
    select(
        reset_link.c.user_id, reset_link.c.issued_at, reset_link.c.expires_at, reset_link.c.used_at
    )
    .where(reset_link.c.token_hash == bindparam("token_hash"))
    .with_for_update()
)
_COUNT = compiled(
    select(func.count())
    .select_from(reset_link)
    .where(
        reset_link.c.user_id == bindparam("user_id"), reset_link.c.issued_at > bindparam("since")
    )
)
_USE = compiled(
    update(reset_link)
    .where(reset_link.c.user_id == bindparam("id"), reset_link.c.used_at.is_(None))
    .values(used_at=bindparam("used_at"))
)


class DbResetLinks:
    """See ports.ResetLinks."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def add(self, token_hash: bytes, link: ResetLink) -> None:
        """One row."""
        await _ADD.execute(
            self._work,
            token_hash=token_hash,
            user_id=link.user_id,
            issued_at=link.issued_at,
            expires_at=link.expires_at,
        )

    async def hold(self, token_hash: bytes) -> ResetLink | None:
        """Locks the row."""
        row = await _HOLD.row(self._work, token_hash=token_hash)
        return None if row is None else ResetLink(**dict(row))

    async def issued_since(self, user_id: UUID, since: datetime) -> int:
        """Used ones included."""
        return int(await _COUNT.value(self._work, user_id=user_id, since=since))

    async def use_all(self, user_id: UUID, at: datetime) -> None:
        """Those that were not used before."""
        await _USE.execute(self._work, id=user_id, used_at=at)

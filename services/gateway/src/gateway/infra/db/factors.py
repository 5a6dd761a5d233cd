"""Second factors and recovery codes, bound to one unit of work."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from deskstream_eventstore import Work, compiled
from gateway.domain.factor import Factor
from gateway.infra.db.tables import factor, recovery_code

_KEPT = (
    "secret",
    "candidate",
    "candidate_until",
    "last_step",
    "failures",
    "blocked_until",
)
_FIND = compiled(
    select(*(factor.c[name] for name in _KEPT)).where(factor.c.user_id == bindparam("user_id"))
)
_SAVE = compiled(
    insert(factor)
    .values(user_id=bindparam("user_id"), **{name: bindparam(name) for name in _KEPT})
    .on_conflict_do_update(
        index_elements=["user_id"], set_={name: bindparam(name) for name in _KEPT}
    )
)
_REMOVE = compiled(delete(factor).where(factor.c.user_id == bindparam("user_id")))
_FORGET_CODES = compiled(
    delete(recovery_code).where(recovery_code.c.user_id == bindparam("user_id"))
)
_ADD_CODE = compiled(
    insert(recovery_code).values(user_id=bindparam("user_id"), code_hash=bindparam("code_hash"))
)
_SPEND = compiled(
    delete(recovery_code).where(
        recovery_code.c.user_id == bindparam("user_id"),
        recovery_code.c.code_hash == bindparam("code_hash"),
    )
)


class DbFactors:
    """See ports.Factors."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def find(self, user_id: UUID) -> Factor:
        """By the account."""
        row = await _FIND.row(self._work, user_id=user_id)
        return Factor() if row is None else Factor(**dict(row))

    async def save(self, user_id: UUID, factor: Factor) -> None:
        """Insert or replace."""
        await _SAVE.execute(self._work, user_id=user_id, **vars(factor))

    async def remove(self, user_id: UUID) -> None:
        """Both tables."""
        await _REMOVE.execute(self._work, user_id=user_id)
        await _FORGET_CODES.execute(self._work, user_id=user_id)

    async def set_recovery(self, user_id: UUID, hashes: Sequence[bytes]) -> None:
        """One row each."""
        await _FORGET_CODES.execute(self._work, user_id=user_id)
        rows = [{"user_id": user_id, "code_hash": one} for one in hashes]
        await _ADD_CODE.many(self._work, rows)

    async def spend(self, user_id: UUID, code_hash: bytes) -> bool:
        """Of two at once one deletes the row."""
        done = await _SPEND.execute(self._work, user_id=user_id, code_hash=code_hash)
        return done == 1

"""A person decides about an effect that is held: it happened, or it is to be tried again."""

from typing import Any, Literal

from sqlalchemy import text

from deskstream_eventstore.dispatcher import Settle
from deskstream_eventstore.effects import Sent, effect_of
from deskstream_eventstore.errors import StoreError
from deskstream_eventstore.replay import NotThere, note
from deskstream_eventstore.statements import compiled
from deskstream_eventstore.work import Database, Work

Verdict = Literal["happened", "again"]

_LOCK = compiled(
    text(
        "select key, kind, status, payload, attempts, stream_type, stream_id, provider_id"
        " from side_effect where key = :key for update"
    )
)
_RESOLVE = compiled(
    text(
        "update side_effect set status = :status, resolved_by = :actor, reason = :reason,"
        " next_try_at = clock_timestamp(),"
        " settled_at = case when :status = 'sent' then clock_timestamp() end"
        " where key = :key"
    )
)


class NotHeld(StoreError):
    """The effect waits for nobody: `status` says what it is. A muted one never goes out."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


async def resolve_effect(
    database: Database,
    key: str,
    verdict: Verdict,
    *,
    actor: str,
    reason: str,
    settle: Settle | None = None,
) -> str:
    """Decide a held effect; the new status. Raises NotThere, NotHeld.

    `happened` settles it as Sent with `confirmed_by_staff`; `again` gives it back to the
    dispatcher. Who and why stay with the row and in `operation`.
    """
    async with database.work() as work:
        row = await _LOCK.row(work, key=key)
        if row is None:
            raise NotThere("no such effect")
        if row["status"] != "held":
            raise NotHeld(row["status"])
        status = "sent" if verdict == "happened" else "pending"
        await _RESOLVE.execute(work, key=key, status=status, actor=actor, reason=reason)
        await note(work, actor, f"effect_{verdict}", key, reason, status)
        if verdict == "happened" and settle is not None:
            await _settle(work, row, settle)
    return status


async def _settle(work: Work, row: Any, settle: Settle) -> None:
    await settle(
        work, effect_of(row), Sent(provider_id=row["provider_id"], confirmed_by_staff=True)
    )

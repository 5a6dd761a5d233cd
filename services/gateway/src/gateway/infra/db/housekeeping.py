"""Forgetting what is over: most a month after its end, what is short-lived at once."""

import asyncio
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, or_

from deskstream_chassis.clock import Clock
from deskstream_chassis.logs import log
from deskstream_eventstore import Database, compiled
from gateway.application.feed import FEED_KEPT
from gateway.domain.tries import FORGOTTEN
from gateway.infra.db.desk import forget_gone
from gateway.infra.db.feed import forget
from gateway.infra.db.tables import (
    known_device,
    oidc_walk,
    pending_sign_in,
    reset_link,
    session,
    sign_in_tries,
    verify_link,
)

KEPT = timedelta(days=30)
EVERY = timedelta(hours=1)
_SESSIONS = compiled(
    delete(session).where(
        or_(
            session.c.expires_at < bindparam("before"),
            session.c.ended_at < bindparam("before"),
        )
    )
)
_LINKS = compiled(delete(verify_link).where(verify_link.c.expires_at < bindparam("before")))
_PENDING = compiled(
    delete(pending_sign_in).where(pending_sign_in.c.expires_at < bindparam("before"))
)
_RESETS = compiled(delete(reset_link).where(reset_link.c.expires_at < bindparam("before")))
_LATER = known_device.alias("later")
_DEVICES = compiled(
    delete(known_device).where(
        known_device.c.expires_at < bindparam("before"),
        exists().where(
            _LATER.c.user_id == known_device.c.user_id,
            _LATER.c.last_seen_at > known_device.c.last_seen_at,
        ),
    )
)
"""The last one of each account stays: it tells a new device from an account's very first."""
_TRIES = compiled(delete(sign_in_tries).where(sign_in_tries.c.last_at < bindparam("forgotten")))

_WALKS = compiled(delete(oidc_walk).where(oidc_walk.c.expires_at < bindparam("now")))


class Housekeeping:
    """A worker. Harmless in several processes at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def sweep(self) -> int:
        """One round; how many rows went."""
        now: datetime = self._clock.now()
        before = now - KEPT
        async with self._database.work() as work:
            gone = await _SESSIONS.execute(work, before=before)
            gone += await _PENDING.execute(work, before=now)
            gone += await _LINKS.execute(work, before=before)
            gone += await _RESETS.execute(work, before=before)
            gone += await _DEVICES.execute(work, before=before)
            gone += await _TRIES.execute(work, forgotten=now - FORGOTTEN)
            gone += await _WALKS.execute(work, now=now)
            gone += await forget(work, FEED_KEPT)
            return gone + await forget_gone(work, now)

    async def run(self, stopping: asyncio.Event) -> None:
        """Every hour until stopped. What fails is logged and done an hour later."""
        while not stopping.is_set():
            try:
                await self.sweep()
            except Exception as error:  # noqa: BLE001 - nothing waits for it
                log.warning("housekeeping failed", error_code=type(error).__name__)
            try:
                await asyncio.wait_for(stopping.wait(), EVERY.total_seconds())
            except TimeoutError:
                continue

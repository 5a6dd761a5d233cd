"""An admin revokes an API key."""

from dataclasses import dataclass

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import staff_of
from gateway.application.store import Store
from gateway.domain.errors import Forbidden, NotFound


@dataclass(frozen=True)
class RevokeKey:
    """By the id that its list shows."""

    key_id: str


class RevokeKeyHandler:
    """It never works again. Raises NotFound for an unknown or revoked one, Forbidden."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: RevokeKey, caller: Caller) -> None:
        by, now = staff_of(caller), self._clock.now()
        if by.role != "admin":
            raise Forbidden("only admins revoke keys")
        async with self._store.work(caller.origin) as work:
            if not await work.keys.revoke(command.key_id, now):
                raise NotFound("no such key")
            work.audit("key_revoked", at=now, target=f"key:{command.key_id}")

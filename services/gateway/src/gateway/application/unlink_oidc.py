"""An account is no longer opened by the company's identity provider."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.store import Store
from gateway.domain.errors import NotFound


@dataclass(frozen=True)
class UnlinkOidc:
    """The caller's own."""

    user_id: UUID


class UnlinkOidcHandler:
    """Raises NotFound where nothing is linked. Sessions that are open stay open."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: UnlinkOidc, caller: Caller) -> None:
        async with self._store.work(caller.origin) as work:
            await work.credentials.hold(command.user_id)
            if not await work.oidc.unlink(command.user_id):
                raise NotFound("nothing is linked")
            ref = f"user:{command.user_id}"
            work.audit("oidc_unlinked", at=self._clock.now(), target=ref)

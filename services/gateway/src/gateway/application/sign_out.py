"""Someone signs out."""

from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.store import Store
from gateway.domain.errors import Forbidden


@dataclass(frozen=True)
class SignOut:
    """The caller's own session."""

    session_id: UUID


class SignOutHandler:
    """The session ends; repeating it changes nothing. Raises Forbidden for another's."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: SignOut, caller: Caller) -> None:
        if caller.actor.session != str(command.session_id):
            raise Forbidden("only the own session can be signed out")
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            await work.sessions.end(command.session_id, now)
            work.audit("signed_out", at=now, target=caller.actor.ref)

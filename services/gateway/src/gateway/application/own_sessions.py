"""Someone looks where he is signed in, and ends what he does not know."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.ports import Queries
from gateway.application.store import Store
from gateway.domain.errors import Forbidden, NotFound
from gateway.domain.session import Session


class OwnSessions:
    """The living sessions of one account, oldest first."""

    def __init__(self, queries: Queries, clock: Clock) -> None:
        self._queries, self._clock = queries, clock

    async def __call__(self, user_id: UUID) -> Sequence[Session]:
        now = self._clock.now()
        found = await self._queries.open_sessions(user_id)
        return [session for session in found if session.alive(now)]


@dataclass(frozen=True)
class EndSession:
    """By the id that the list shows."""

    session_id: UUID


class EndSessionHandler:
    """One of the caller's own sessions ends; the gate refuses it within 5 seconds.

    Raises NotFound for anyone else's, and for one that has ended; Forbidden without an account.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def __call__(self, command: EndSession, caller: Caller) -> None:
        user_id, now = caller.actor.user_id, self._clock.now()
        if user_id is None:
            raise Forbidden("only staff may do this")
        async with self._store.work(caller.origin) as work:
            await work.once()
            if not await work.sessions.end_own(user_id, command.session_id, now):
                raise NotFound("no such session")
            work.audit("session_ended", at=now, target=caller.actor.ref)
            work.answer(None)

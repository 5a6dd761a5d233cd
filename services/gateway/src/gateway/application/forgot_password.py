"""Someone who cannot sign in asks for a link to set another password."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_chassis.ids import new_id
from gateway.application.ports import Sealer
from gateway.application.store import GatewayWork, Store
from gateway.domain.link import MAILS_PER_HOUR, RESET_TTL, ResetLink
from gateway.domain.session import token_hash
from gateway.domain.user import User


@dataclass(frozen=True)
class ForgotPassword:
    """`email` as typed; `address` is the client's, for the trail."""

    email: str = field(repr=False)
    address: str = field(repr=False)


class ForgotPasswordHandler:
    """A link for an active account, at most five an hour; silently nothing for any other address.

    One transaction with a link and an entry on the trail is written in any case (a link that
    nobody holds belongs to no account); the route evens out what the mail's event costs more.
    """

    def __init__(
        self, store: Store, clock: Clock, sealer: Sealer, new_token: Callable[[], str]
    ) -> None:
        self._store, self._clock = store, clock
        self._sealer, self._new_token = sealer, new_token

    async def __call__(self, command: ForgotPassword, caller: Caller) -> None:
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            user = await work.users.by_email(command.email)
            mailed = await self._request(work, user, now)
            work.audit(
                "reset_requested",
                "ok" if mailed else "denied",
                at=now,
                target=None if user is None else f"user:{user.user_id}",
                code=None if mailed else "no_link_sent",
                address=command.address,
            )

    async def _request(self, work: GatewayWork, user: User | None, now: datetime) -> bool:
        owner = new_id() if user is None else user.user_id
        used_up = await work.reset_links.issued_since(owner, now - timedelta(hours=1))
        mailed = user is not None and user.status == "active" and used_up < MAILS_PER_HOUR
        token, expires_at = self._new_token(), now + RESET_TTL
        sealed = self._sealer.seal(token)
        link = ResetLink(owner if mailed else new_id(), issued_at=now, expires_at=expires_at)
        await work.reset_links.add(token_hash(token), link)
        if user is None or not mailed:
            return False
        user.request_reset(sealed, expires_at, now)
        work.users.save(user)
        return True

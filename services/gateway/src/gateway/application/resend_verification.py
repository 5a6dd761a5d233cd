"""Someone who waits for the mail asks for it again."""

from dataclasses import dataclass, field

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.store import Store
from gateway.application.verification import VerificationMail


@dataclass(frozen=True)
class ResendVerification:
    """`email` as typed."""

    email: str = field(repr=False)
    address: str = field(repr=False)


class ResendVerificationHandler:
    """Another link for an account that waits for one; silently nothing for any other address.

    One transaction is written in any case, so the answer's time tells nothing.
    """

    def __init__(self, store: Store, clock: Clock, mail: VerificationMail) -> None:
        self._store, self._clock, self._mail = store, clock, mail

    async def __call__(self, command: ResendVerification, caller: Caller) -> None:
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            user = await work.users.by_email(command.email)
            latest = None if user is None else await work.links.latest(user.user_id)
            mailed = (
                user is not None
                and latest is not None
                and await self._mail.request(work, user, latest.password_hash, now)
            )
            if mailed and user is not None:
                work.users.save(user)
            work.audit(
                "account_created",
                "ok" if mailed else "denied",
                at=now,
                target=None if user is None else f"user:{user.user_id}",
                code="link_sent_again" if mailed else "no_link_sent",
                address=command.address,
            )

"""The button on the page behind the mailed link was pressed."""

from dataclasses import dataclass, field

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.ports import Audit
from gateway.application.store import Store
from gateway.domain.errors import LinkInvalid
from gateway.domain.session import token_hash


@dataclass(frozen=True)
class VerifyEmail:
    """`token` as it stood in the link."""

    token: str = field(repr=False)
    address: str = field(repr=False)


class VerifyEmailHandler:
    """The address is proven, once and within 24 hours; the account waits for approval.

    The password that was chosen when *this* link was asked for becomes the account's; every other
    link of the account is void. Raises LinkInvalid for unknown, used, old and void ones alike.
    """

    def __init__(self, store: Store, clock: Clock, audit: Audit) -> None:
        self._store, self._clock, self._audit = store, clock, audit

    async def __call__(self, command: VerifyEmail, caller: Caller) -> None:
        now = self._clock.now()
        async with self._store.work(caller.origin) as work:
            link = await work.links.hold(token_hash(command.token))
            user = None
            if link is not None and link.usable(now):
                user = await work.users.get(link.user_id)
            if link is None or user is None or user.status != "unverified":
                self._audit.note(
                    "email_verified", "failed", code=LinkInvalid.code, address=command.address
                )
                raise LinkInvalid("the link is unknown, used or too old")
            user.verify_email(now)
            work.users.save(user)
            await work.credentials.set(user.user_id, link.password_hash, now)
            await work.links.use_all(user.user_id, now)
            ref = f"user:{user.user_id}"
            work.audit("email_verified", at=now, principal=ref, target=ref, address=command.address)

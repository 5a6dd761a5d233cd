"""Someone asks for the secret of a second factor, his first or another one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.acting import own_session
from gateway.application.ports import FactorVault
from gateway.application.store import Store
from gateway.domain.errors import StepUpRequired
from gateway.domain.factor import otpauth_uri, spell_secret
from gateway.domain.session import freshly_proven

ISSUER = "Deskstream"
"""How authenticators name the account's home."""


@dataclass(frozen=True)
class OfferFactor:
    """`proven_at` is the session's last proof."""

    proven_at: datetime | None


@dataclass(frozen=True)
class OfferedFactor:
    """For the authenticator, shown this once; nothing is enabled yet."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class OfferFactorHandler:
    """A fresh secret that waits ten minutes for its first code; an earlier one waits no more. The
    factor that is set, if one is, counts on.

    Raises StepUpRequired without a fresh proof; Forbidden for anyone without a session.
    """

    def __init__(
        self, store: Store, clock: Clock, vault: FactorVault, new_secret: Callable[[], bytes]
    ) -> None:
        self._store, self._clock = store, clock
        self._vault, self._new_secret = vault, new_secret

    async def __call__(self, command: OfferFactor, caller: Caller) -> OfferedFactor:
        user_id, _ = own_session(caller)
        now, secret = self._clock.now(), spell_secret(self._new_secret())
        if not freshly_proven(command.proven_at, now):
            raise StepUpRequired("prove again who you are with POST /api/auth/step-up")
        async with self._store.work(caller.origin) as work:
            await work.credentials.hold(user_id)
            user = await work.users.get(user_id)
            factor = await work.factors.find(user_id)
            sealed = self._vault.seal(user_id, secret)
            await work.factors.save(user_id, factor.offered(sealed, now))
        return OfferedFactor(secret, otpauth_uri(secret, user.email, ISSUER))

"""A browser sets out for the company's identity provider: to sign in, or to link an account."""

from collections.abc import Callable
from dataclasses import dataclass, field

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from gateway.application.issuer import Issuer
from gateway.application.ports import SessionFacts
from gateway.application.store import Store
from gateway.domain.errors import NotFound, StepUpRequired
from gateway.domain.oidc import WALK_TTL, LinkIntent, OidcWalk
from gateway.domain.session import freshly_proven, token_hash


@dataclass(frozen=True)
class StartOidc:
    """`session` is the one that is signed in there; `link` asks to link its account."""

    session: SessionFacts | None = None
    link: bool = False


@dataclass(frozen=True)
class SetOut:
    """`address` is where the browser goes, `browser` the value that it must bring back."""

    address: str = field(repr=False)
    browser: str = field(repr=False)


class StartOidcHandler:
    """Remembers the walk for ten minutes under the hash of its state.

    Raises NotFound where no issuer is configured, StepUpRequired for a link whose owner has not
    proved who he is within ten minutes, IssuerSilent.
    """

    def __init__(
        self, store: Store, clock: Clock, issuer: Issuer | None, new_token: Callable[[], str]
    ) -> None:
        self._store, self._clock = store, clock
        self._issuer, self._new_token = issuer, new_token

    async def __call__(self, command: StartOidc, caller: Caller) -> SetOut:
        if self._issuer is None:
            raise NotFound("no issuer is configured")
        now, session = self._clock.now(), command.session
        links = None
        if command.link:
            if session is None or not freshly_proven(session.proven_at, now):
                raise StepUpRequired("prove again who you are with POST /api/auth/step-up")
            links = LinkIntent(session.user_id, session.role)
        state, browser = self._new_token(), self._new_token()
        walk = OidcWalk(
            browser_hash=token_hash(browser),
            verifier=self._new_token(),
            nonce=self._new_token(),
            expires_at=now + WALK_TTL,
            session_id=None if session is None else session.session_id,
            links=links,
        )
        address = await self._issuer.address(state=state, nonce=walk.nonce, verifier=walk.verifier)
        async with self._store.work(caller.origin) as work:
            await work.oidc.set_out(token_hash(state), walk)
        return SetOut(address, browser)

"""A browser comes back from the company's identity provider."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from deskstream_chassis.caller import Caller
from deskstream_chassis.clock import Clock
from deskstream_events.gateway.audit import Action
from deskstream_eventstore import retrying
from gateway.application.issuer import IdentityRefused, Issuer, IssuerSilent
from gateway.application.open_session import OpenSession, PendingSignIn, SignedIn
from gateway.application.ports import Audit
from gateway.application.store import GatewayWork, Store
from gateway.domain.device import UNKNOWN
from gateway.domain.errors import (
    IdentityTaken,
    NotFound,
    OidcRefused,
    SessionChanged,
    StateInvalid,
)
from gateway.domain.oidc import LinkIntent, OidcIdentity, OidcWalk
from gateway.domain.session import token_hash
from gateway.domain.user import User


@dataclass(frozen=True)
class FinishOidc:
    """What came back: `state` and `code`, `said_by` the issuer's name in the answer, `browser` the
    value that was given to the browser when it set out."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    said_by: str | None
    browser: str = field(repr=False)
    address: str = field(repr=False)
    device: str = UNKNOWN


class FinishOidcHandler:
    """Ends the walk: a session for the account that is linked, where it has a second factor a
    pending sign-in, or a link and None.

    A state works once, whatever comes of it. An identity that nobody has linked never makes or
    finds an account. Raises NotFound without an issuer, StateInvalid (unknown, used, too old or
    another browser's, alike), OidcRefused (whatever else is not right, alike), IssuerSilent.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        issuer: Issuer | None,
        sessions: OpenSession,
        audit: Audit,
    ) -> None:
        self._store, self._clock, self._issuer = store, clock, issuer
        self._sessions, self._audit = sessions, audit

    async def __call__(
        self, command: FinishOidc, caller: Caller
    ) -> SignedIn | PendingSignIn | None:
        if self._issuer is None:
            raise NotFound("no issuer is configured")
        walk = await self._come_back(command, caller)
        try:
            identity = await self._issuer.identity(
                command.code, nonce=walk.nonce, verifier=walk.verifier, said_by=command.said_by
            )
        except IdentityRefused as error:
            raise await self._refusal(command, caller, walk, error.code) from None
        except IssuerSilent:
            self._audit.note(
                _action(walk), "failed", code="issuer_unavailable", address=command.address
            )
            raise
        links = walk.links
        if links is not None:
            await self._link(command, caller, walk, links, identity)
            return None
        return await retrying(lambda: self._sign_in(command, caller, walk, identity))

    async def _come_back(self, command: FinishOidc, caller: Caller) -> OidcWalk:
        async with self._store.work(caller.origin) as work:
            walk = await work.oidc.come_back(token_hash(command.state))
        if walk is None or not walk.fits(token_hash(command.browser), self._clock.now()):
            self._audit.note(
                "sign_in_failed", "denied", code=StateInvalid.code, address=command.address
            )
            raise StateInvalid("the sign-in was not begun here, is over, or took too long")
        return walk

    async def _sign_in(
        self, command: FinishOidc, caller: Caller, walk: OidcWalk, identity: OidcIdentity
    ) -> SignedIn | PendingSignIn:
        now, user = self._clock.now(), None
        async with self._store.work(caller.origin) as work:
            owner = await work.oidc.owner(identity)
            if owner is not None:
                await work.credentials.hold(owner)
                user = await work.users.get(owner)
                if user.status == "active" and await work.oidc.owner(identity) == owner:
                    return await self._sessions.open(
                        work,
                        user,
                        at=now,
                        device=command.device,
                        address=command.address,
                        replaces=walk.session_id,
                        proof="oidc",
                    )
        code = "not_linked" if user is None else "not_active"
        raise await self._refusal(command, caller, walk, code, user)

    async def _link(
        self,
        command: FinishOidc,
        caller: Caller,
        walk: OidcWalk,
        links: LinkIntent,
        identity: OidcIdentity,
    ) -> None:
        now = self._clock.now()
        try:
            async with self._store.work(caller.origin) as work:
                await work.credentials.hold(links.user_id)
                if not await self._still_there(work, walk.session_id, links, now):
                    raise SessionChanged("the session that set out is not what it was")
                await work.oidc.link(identity, links.user_id, now)
                ref = f"user:{links.user_id}"
                work.audit(
                    "oidc_linked", at=now, principal=ref, target=ref, address=command.address
                )
        except (IdentityTaken, SessionChanged) as error:
            raise await self._refusal(command, caller, walk, error.code) from None

    async def _still_there(
        self, work: GatewayWork, session_id: UUID | None, links: LinkIntent, now: datetime
    ) -> bool:
        """The session that set out is alive, and its owner is what he was."""
        session = None if session_id is None else await work.sessions.hold(session_id)
        if session is None or session.user_id != links.user_id or not session.alive(now):
            return False
        user = await work.users.get(links.user_id)
        return (user.status, user.role) == ("active", links.role)

    async def _refusal(
        self,
        command: FinishOidc,
        caller: Caller,
        walk: OidcWalk,
        code: str,
        user: User | None = None,
    ) -> OidcRefused:
        target = walk.links.user_id if walk.links else None if user is None else user.user_id
        async with self._store.work(caller.origin) as work:
            work.audit(
                _action(walk),
                "denied",
                at=self._clock.now(),
                target=None if target is None else f"user:{target}",
                code=code,
                address=command.address,
            )
        return OidcRefused("this identity opens no account here")


def _action(walk: OidcWalk) -> Action:
    return "sign_in_failed" if walk.links is None else "oidc_linked"

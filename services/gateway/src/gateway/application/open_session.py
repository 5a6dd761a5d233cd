"""The one way in which a sign-in ends: a fresh session, or the question for the second factor."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_chassis.ids import new_id
from gateway.application.devices import KnownDevices
from gateway.application.store import GatewayWork
from gateway.application.tokens import SessionTokens
from gateway.domain.factor import PENDING_LASTS, Pending
from gateway.domain.session import Session, token_hash
from gateway.domain.user import User

Proof = Literal["password", "factor", "oidc"]
"""By what the person proved who he is, just now."""


@dataclass(frozen=True)
class SignedIn:
    """`token` is for the cookie, `csrf` for the header; neither is stored. `device_token` is for
    the cookie of the device, where there is one."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    session: Session
    user: User = field(repr=False)
    device_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PendingSignIn:
    """Nobody is signed in yet: `token` and a code of the second factor finish it in time."""

    token: str = field(repr=False)
    expires_at: datetime


class OpenSession:
    """Called inside the work of the caller, who has made sure that the account is active and holds
    its credentials still."""

    def __init__(self, tokens: SessionTokens, devices: KnownDevices) -> None:
        self._tokens, self._devices = tokens, devices

    async def open(
        self,
        work: GatewayWork,
        user: User,
        *,
        at: datetime,
        device: str,
        address: str,
        replaces: UUID | None,
        proof: Proof,
        device_token: str | None = None,
    ) -> SignedIn | PendingSignIn:
        """Where a second factor is set and not yet `proof`, a pending sign-in. Else a session with
        a new token; the one that it `replaces` ends, its token is never reused. What an issuer
        elsewhere vouched for is no proof to us: such a session steps up first.

        `device_token` came in the device's cookie. From an issuer a browser comes back without it,
        so nothing is said about the device then."""
        if user.has_factor and proof != "factor":
            return await self._ask_for_factor(work, user, at, address)
        if replaces is not None:
            await work.sessions.end(replaces, at)
        token = self._tokens.new()
        session = Session(
            new_id(),
            user.user_id,
            created_at=at,
            last_seen_at=at,
            device=device,
            proven_at=None if proof == "oidc" else at,
        )
        await work.sessions.open(session, token_hash(token))
        ref = f"user:{user.user_id}"
        work.audit("signed_in", at=at, principal=ref, target=ref, address=address)
        if device_token is not None or proof != "oidc":
            device_token = await self._devices.welcome(work, user, device_token, name=device, at=at)
        csrf = self._tokens.csrf(session.session_id)
        return SignedIn(token, csrf, session, user, device_token)

    async def _ask_for_factor(
        self, work: GatewayWork, user: User, at: datetime, address: str
    ) -> PendingSignIn:
        token, expires_at = self._tokens.new(), at + PENDING_LASTS
        await work.pending.add(token_hash(token), Pending(user.user_id, expires_at))
        ref, code = f"user:{user.user_id}", "factor_pending"
        work.audit("signed_in", "denied", at=at, target=ref, code=code, address=address)
        return PendingSignIn(token, expires_at)

"""The one way in which a sign-in ends: a fresh session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from deskstream_chassis.ids import new_id
from gateway.application.store import GatewayWork
from gateway.application.tokens import SessionTokens
from gateway.domain.session import Session, token_hash
from gateway.domain.user import User

Proof = Literal["password", "factor", "oidc"]
"""By what the person proved who he is, just now."""


@dataclass(frozen=True)
class SignedIn:
    """`token` is for the cookie, `csrf` for the header; neither is stored."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    session: Session
    user: User = field(repr=False)


class OpenSession:
    """Called inside the work of the caller, who has made sure that the account is active and holds
    its credentials still."""

    def __init__(self, tokens: SessionTokens) -> None:
        self._tokens = tokens

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
    ) -> SignedIn:
        """A session with a new token; the one that it `replaces` ends, its token is never reused.
        What an issuer elsewhere vouched for is no proof to us: such a session steps up first."""
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
        return SignedIn(token, self._tokens.csrf(session.session_id), session, user)

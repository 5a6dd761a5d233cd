"""Who somebody is at the company's identity provider, and the one-time walk there and back."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from uuid import UUID

from deskstream_events.gateway.user import Role

WALK_TTL = timedelta(minutes=10)
"""From the start until the callback (02 §3)."""


@dataclass(frozen=True)
class OidcIdentity:
    """A person at an issuer. Never told by an e-mail address: those are given to others, and not
    every issuer verifies them. `tenant` is empty where the issuer has none."""

    issuer: str
    tenant: str
    subject: str = field(repr=False)

    @property
    def text(self) -> str:
        """All three, so that no two people have the same text; upper and lower case count."""
        return json.dumps([self.issuer, self.tenant, self.subject])


@dataclass(frozen=True)
class LinkIntent:
    """Whose account the walk is to link, and what he was when he set out."""

    user_id: UUID
    role: Role


@dataclass(frozen=True)
class OidcWalk:
    """What the callback must find again. `browser_hash` is of a value in the browser that set out,
    `session_id` the session that was signed in there, `links` None for a sign-in."""

    browser_hash: bytes
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)
    expires_at: datetime
    session_id: UUID | None = None
    links: LinkIntent | None = None

    def fits(self, browser_hash: bytes, now: datetime) -> bool:
        """Whether this browser may end it now."""
        return now < self.expires_at and compare_digest(self.browser_hash, browser_hash)

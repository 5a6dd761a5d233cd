"""How long a session lives, and what is derived from its token."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.device import UNKNOWN

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
ROTATION_GRACE = timedelta(seconds=30)
"""A token that was replaced still works so long: other tabs may have requests under way (02 §3)."""
PROOF_LASTS = timedelta(minutes=10)
"""So long after a proof rows that need one are open (02 §3, step-up)."""
TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is written at most this often; it may end that much too early."""


@dataclass(frozen=True)
class Session:
    """One signed-in browser. `ended_at` is set by sign-out, suspension, a new password;
    `proven_at` is when its owner last proved to us who he is."""

    session_id: UUID
    user_id: UUID
    created_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None = None
    device: str = UNKNOWN
    proven_at: datetime | None = None

    @property
    def expires_at(self) -> datetime:
        """The end that no use puts off."""
        return self.created_at + ABSOLUTE

    def alive(self, now: datetime) -> bool:
        """Neither ended, nor idle, nor too old."""
        idle = now - self.last_seen_at
        return self.ended_at is None and idle < IDLE and now < self.expires_at


def freshly_proven(proven_at: datetime | None, now: datetime) -> bool:
    """Whether the last proof still counts for what asks for a fresh one."""
    return proven_at is not None and now - proven_at <= PROOF_LASTS


def token_hash(token: str) -> bytes:
    """What is kept of a session's or a link's token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(pepper: bytes, session_id: UUID) -> str:
    """The header token of a session: bound to it, told to its owner, useless without the cookie.
    It outlives a rotation, so that the other tabs need not ask for another."""
    return hmac.new(pepper, b"csrf\0" + session_id.bytes, hashlib.sha256).hexdigest()

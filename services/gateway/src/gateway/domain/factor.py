"""The second factor: one-time codes by time (RFC 6238) and recovery codes; what wrong ones cost."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pyotp

from deskstream_events.gateway.user import Role

SECRET_BYTES = 20
"""160 bits, the size of SHA-1's output (RFC 4226 §4)."""
STEP = 30
"""Seconds."""
DRIFT = 1
"""Steps that a clock may be ahead or behind."""
RECOVERY_CODES = 10
RECOVERY_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: no i, l, o, u."""
RECOVERY_LENGTH = 16
"""80 random bits: nobody guesses them, so a keyed hash is all that is kept."""
SETUP_LASTS = timedelta(minutes=10)
PENDING_LASTS = timedelta(minutes=5)
PENDING_TRIES = 5
FREE_TRIES = 5
LONGEST_PAUSE = timedelta(minutes=15)
MANDATORY: frozenset[Role] = frozenset({"admin", "manager"})
"""Who must have one in production (02 §3)."""
_CLOSE_CALLS = str.maketrans({"o": "0", "i": "1", "l": "1", "-": None, " ": None})


@dataclass(frozen=True)
class Factor:
    """What is kept of one account's second factor; secrets are sealed. `secret` None: none is set.

    `candidate` waits until `candidate_until` for its first code. Only steps after `last_step`
    count.
    """

    secret: str | None = None
    candidate: str | None = None
    candidate_until: datetime | None = None
    last_step: int = 0
    failures: int = 0
    blocked_until: datetime | None = None

    def offered(self, candidate: str, at: datetime) -> "Factor":
        """Another secret was shown; the one before still counts until the first code."""
        return replace(self, candidate=candidate, candidate_until=at + SETUP_LASTS)

    def waiting(self, now: datetime) -> str | None:
        """The candidate, while it may still be confirmed."""
        if self.candidate_until is None or now > self.candidate_until:
            return None
        return self.candidate

    def confirmed(self, step: int) -> "Factor":
        """The candidate's first code came: it is the secret from now on."""
        return Factor(secret=self.candidate, last_step=step)

    def accepted(self, step: int | None) -> "Factor":
        """A right code was used; None: a recovery code."""
        last = self.last_step if step is None else max(step, self.last_step)
        return replace(self, last_step=last, failures=0, blocked_until=None)

    def failed(self, at: datetime) -> "Factor":
        """A wrong code: from the fifth in a row on each costs a pause, doubled every time."""
        failures = self.failures + 1
        return replace(self, failures=failures, blocked_until=_blocked_until(failures, at))

    def blocked(self, now: datetime) -> timedelta | None:
        """How long no code is looked at; None: it may be tried now."""
        if self.blocked_until is None or now >= self.blocked_until:
            return None
        return self.blocked_until - now


@dataclass(frozen=True)
class Pending:
    """A sign-in whose password was right and whose second factor is asked for."""

    user_id: UUID
    expires_at: datetime
    tries: int = 0

    def usable(self, now: datetime) -> bool:
        """Neither too old nor tried too often."""
        return now < self.expires_at and self.tries < PENDING_TRIES


def factor_due(role: Role, *, has_factor: bool) -> bool:
    """Whether this account must set a factor before it may do anything else."""
    return role in MANDATORY and not has_factor


def spell_secret(random: bytes) -> str:
    """As authenticators take it: base 32."""
    return base64.b32encode(random).decode()


def otpauth_uri(secret: str, account: str, issuer: str) -> str:
    """What an authenticator reads from a square of dots."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=account, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The step whose code this is, of the present one and its neighbours; None where it is none of
    them, or not later than `after`: no step counts twice, and none before one that counted."""
    codes = pyotp.TOTP(secret, interval=STEP)
    present = int(now.timestamp()) // STEP
    steps = range(max(present - DRIFT, after + 1), present + DRIFT + 1)
    return next((n for n in steps if _equal(codes.generate_otp(n), code)), None)


def is_recovery_code(code: str) -> bool:
    """Whether this is spelled like one, rather than like six digits."""
    return len(normal_code(code)) == RECOVERY_LENGTH


def normal_code(code: str) -> str:
    """As it is compared: small letters, no dashes or blanks, easily confused letters as digits."""
    return code.strip().lower().translate(_CLOSE_CALLS)


def spell_recovery_code(random: str) -> str:
    """`k3q9-7tn2-m8xw-4hcd`."""
    return "-".join(random[n : n + 4] for n in range(0, RECOVERY_LENGTH, 4))


def recovery_hash(pepper: bytes, user_id: UUID, code: str) -> bytes:
    """What is kept of a recovery code, bound to its account."""
    return hmac.new(pepper, user_id.bytes + normal_code(code).encode(), hashlib.sha256).digest()


def _equal(expected: str, code: str) -> bool:
    return hmac.compare_digest(expected.encode(), code.encode())


def _blocked_until(failures: int, at: datetime) -> datetime | None:
    beyond = failures - FREE_TRIES
    if beyond < 0:
        return None
    return at + min(timedelta(seconds=2.0 ** min(beyond, 20)), LONGEST_PAUSE)

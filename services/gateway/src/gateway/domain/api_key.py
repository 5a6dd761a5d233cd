"""API keys: their spelling, their scopes, how they are kept."""

import hashlib
import hmac
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from deskstream_events.gateway.user import Role
from gateway.domain.errors import InvalidInput, UnknownScope

PREFIX = "ds_live_"
ALPHABET = string.digits + string.ascii_letters
ID_LENGTH = 12
SECRET_LENGTH = 43
"""43 of 62 letters are 256 bits."""
CRC_LENGTH = 6

CRON_JOBS = (
    "ar-late",
    "check-slas",
    "customer-scores",
    "outbox",
    "sync-amazon",
    "sync-products",
    "sync-qbo",
    "update-metrics",
)
SCOPES: frozenset[str] = frozenset(
    {
        "tickets:create",
        "tickets:view",
        "tickets:view:all",
        "tickets:modify",
        "tickets:modify:all",
        "events",
        "credit-applications",
        *(f"cron:{job}" for job in CRON_JOBS),
    }
)
"""Every scope there is. Without `:all` a ticket scope reaches the tickets that the key opened."""

RATE_LIMIT = 60_000
LONGEST_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True)
class ApiKey:
    """A key as its owner's list shows it; the secret is not part of it."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    rate_per_minute: int | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    previous_until: datetime | None = None
    """The secret before the last rotation works until then."""

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def accept_scopes(scopes: Iterable[str], *, creator: Role | None) -> tuple[str, ...]:
    """The scopes, sorted and once each, if the creator may give them. Raises UnknownScope.

    Keys reach across teams, so only an admin (or the operator: None) gives any.
    """
    wanted = sorted(set(scopes))
    allowed = SCOPES if creator in (None, "admin") else frozenset()
    if not wanted:
        raise UnknownScope("a key needs at least one scope", field="scopes")
    if not allowed.issuperset(wanted):
        raise UnknownScope("one of the scopes does not exist", field="scopes")
    return tuple(wanted)


def accept_life(*, expires_at: datetime | None, rate_per_minute: int | None, now: datetime) -> None:
    """Raises InvalidInput for an end in the past or a rate out of bounds."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("must lie in the future", field="expires_at")
    if rate_per_minute is not None and not 1 <= rate_per_minute <= RATE_LIMIT:
        raise InvalidInput(f"must lie between 1 and {RATE_LIMIT}", field="rate_per_minute")


def accept_overlap(overlap: timedelta) -> timedelta:
    """How long old and new secret both work. Raises InvalidInput for less than nothing or more
    than a day."""
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        most = int(LONGEST_OVERLAP.total_seconds())
        raise InvalidInput(f"must lie between 0 and {most}", field="overlap_seconds")
    return overlap


def spell(key_id: str, secret: str) -> str:
    """The key as it is shown once: `ds_live_<id>_<secret>_<crc>`."""
    body = f"{PREFIX}{key_id}_{secret}"
    return f"{body}_{_crc(body)}"


def parse(presented: str) -> tuple[str, str] | None:
    """(id, secret), or None for anything that was never one of our keys."""
    body, _, crc = presented.rpartition("_")
    if not body.startswith(PREFIX) or not presented.isascii():
        return None
    key_id, _, secret = body.removeprefix(PREFIX).partition("_")
    well_formed = len(key_id) == ID_LENGTH and len(secret) == SECRET_LENGTH
    if not (well_formed and set(key_id + secret) <= set(ALPHABET)):
        return None
    return (key_id, secret) if hmac.compare_digest(crc, _crc(body)) else None


def secret_hash(pepper: bytes, key_id: str, secret: str) -> bytes:
    """What is kept of a secret: HMAC under a pepper that the database does not hold."""
    return hmac.new(pepper, f"{key_id}\0{secret}".encode(), hashlib.sha256).digest()


def _crc(body: str) -> str:
    """CRC32 in base 62: tells a typing error or a scanner's guess from a key without a look-up."""
    value, letters = zlib.crc32(body.encode()), ""
    while value:
        value, digit = divmod(value, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return letters.rjust(CRC_LENGTH, ALPHABET[0])

"""Links in mails: 256 bits, single use, told to nobody but the mailbox."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

VERIFY_TTL = timedelta(hours=24)
RESET_TTL = timedelta(minutes=15)
MAILS_PER_HOUR = 5
"""So many mails of one kind an hour and address, whoever asks for them (02 §4, recipient)."""


@dataclass(frozen=True)
class VerifyLink:
    """`password_hash` is what whoever asked for *this* mail chose: it becomes the account's
    password when the link is used, so that nobody can plant one for an address not his own."""

    user_id: UUID
    password_hash: str
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Not used, not too old."""
        return self.used_at is None and now < self.expires_at


@dataclass(frozen=True)
class ResetLink:
    """Lets whoever reads the mail set another password, once."""

    user_id: UUID
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Not used, not too old."""
        return self.used_at is None and now < self.expires_at

"""The mail with the link that proves an address."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway.application.ports import Sealer
from gateway.application.store import GatewayWork
from gateway.domain.link import MAILS_PER_HOUR, VERIFY_TTL, VerifyLink
from gateway.domain.session import token_hash
from gateway.domain.user import User


class VerificationMail:
    """Issues links. The event carries the token sealed, the store its SHA-256 only."""

    def __init__(self, sealer: Sealer, new_token: Callable[[], str]) -> None:
        self._sealer, self._new_token = sealer, new_token

    async def request(
        self, work: GatewayWork, user: User, password_hash: str, now: datetime
    ) -> bool:
        """Have a link mailed; the caller saves the account. False, and nothing done, where the
        address is verified, the account suspended or the mails of this hour are used up."""
        if user.status != "unverified":
            return False
        since = now - timedelta(hours=1)
        if await work.links.issued_since(user.user_id, since) >= MAILS_PER_HOUR:
            return False
        token, expires_at = self._new_token(), now + VERIFY_TTL
        link = VerifyLink(user.user_id, password_hash, issued_at=now, expires_at=expires_at)
        await work.links.add(token_hash(token), link)
        user.request_verification(self._sealer.seal(token), expires_at, now)
        return True

"""Plus addresses: `support+<token>@domain` names a ticket, and only we can make one."""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

_MAC = 10
"""80 bits: with the ticket's 128 bits 42 letters, well below the 64 of a local part."""


class BadPlusToken(ValueError):
    """Not one of our tokens."""


class PlusTokens:
    """Signs and verifies ticket ids. Lower-case base32: mail systems may fold the case."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise ValueError("the key must have 32 bytes")
        self._key = key

    def sign(self, ticket_id: UUID) -> str:
        """42 letters and digits, always the same for one ticket."""
        raw = ticket_id.bytes + self._mac(ticket_id.bytes)
        return base64.b32encode(raw).rstrip(b"=").decode().lower()

    def verify(self, token: str) -> UUID:
        """The ticket. Raises BadPlusToken; takes the same time for every wrong token."""
        try:
            raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        except (binascii.Error, ValueError):
            raise BadPlusToken("malformed") from None
        body, mac = raw[:16], raw[16:]
        if len(body) != 16 or not hmac.compare_digest(mac, self._mac(body)):
            raise BadPlusToken("not ours")
        return UUID(bytes=body)

    def address(self, mailbox: str, ticket_id: UUID) -> str:
        """`support@shop.example` and a ticket → `support+<token>@shop.example`."""
        local, _, domain = mailbox.rpartition("@")
        return f"{local}+{self.sign(ticket_id)}@{domain}"

    def find(self, address: str) -> UUID | None:
        """The ticket that an address names; None if it has no tag or one that is not ours."""
        local = address.rpartition("@")[0]
        tag = local.partition("+")[2]
        try:
            return self.verify(tag) if tag else None
        except BadPlusToken:
            return None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"plus-token\0" + body, hashlib.sha256)[:_MAC]

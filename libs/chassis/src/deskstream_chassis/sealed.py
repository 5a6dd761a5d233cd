"""Sealing: a secret that travels in an event, under a key that only two services hold."""

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
MAIL_LINK: Final = "mail-link"
"""Purpose of the tokens in mailed links: sealed by the gateway, opened by the notifier."""


class NotSealed(ValueError):
    """Not sealed with this key for this purpose, or damaged."""


class Sealer:
    """AES-256-GCM. `purpose` is bound to the value: sealed for one use, it opens for no other."""

    def __init__(self, key: bytes, purpose: str) -> None:
        if len(key) != 32:
            raise ValueError("the key must have 32 bytes")
        self._cipher = AESGCM(key)
        self._purpose = purpose.encode()

    def seal(self, plain: str) -> str:
        """URL-safe text; sealing the same value twice gives two different texts."""
        nonce = os.urandom(_NONCE)
        body = self._cipher.encrypt(nonce, plain.encode(), self._purpose)
        return base64.urlsafe_b64encode(nonce + body).rstrip(b"=").decode()

    def unseal(self, sealed: str) -> str:
        """The value. Raises NotSealed."""
        try:
            raw = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._cipher.decrypt(raw[:_NONCE], raw[_NONCE:], self._purpose).decode()
        except (InvalidTag, ValueError):
            raise NotSealed("not sealed with this key") from None

"""Browsers from which an account has signed in: what their cookie carries."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from datetime import timedelta

from gateway.domain.session import token_hash

DEVICE_TTL = timedelta(days=180)
"""Counted from the last sign-in."""

_FORM = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{32})")


def device_token(pepper: bytes, secret: str) -> str:
    """256 random bits as text, and our mark on them: what we did not make is told without asking
    the store, so that guesses cost nothing."""
    return f"{secret}.{_mark(pepper, secret)}"


def is_ours(pepper: bytes, token: str) -> bool:
    """Whether we made it; whose it is, and whether it still counts, the store knows."""
    found = _FORM.fullmatch(token)
    return found is not None and hmac.compare_digest(found[2], _mark(pepper, found[1]))


def device_hash(token: str) -> bytes:
    """What is kept of it."""
    return token_hash(token)


def _mark(pepper: bytes, secret: str) -> str:
    digest = hmac.new(pepper, b"device\0" + secret.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest[:24]).decode()

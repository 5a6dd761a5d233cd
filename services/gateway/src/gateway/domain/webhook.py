"""How each vendor proves that a webhook is his: over the raw bytes, before anybody parses them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

Headers = Mapping[bytes, bytes]
"""By lower-case name, each sent exactly once."""

WINDOW = 300
"""Seconds that a signed time may be off, either way (Standard Webhooks)."""
_SIGNING = "whsec_"


class Proof(Protocol):
    """One way to prove a sender. Every comparison takes constant time."""

    @property
    def headers(self) -> frozenset[bytes]:
        """Those that must be there."""

    def takes(self, secret: str) -> bool:
        """Whether a secret of this form is one for this proof."""

    @property
    def time(self) -> bytes | None:
        """The one that says when it was sent, in seconds since 1970."""

    def holds(self, secret: str, headers: Headers, body: bytes, /) -> bool:
        """Whether the headers prove these bytes under this secret."""


class SharedHeader:
    """A secret sent as it is: for a sender that can compute nothing."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self.headers = frozenset({name})
        self.time = None

    def takes(self, secret: str) -> bool:
        """Any that is not made to sign with."""
        return not secret.startswith(_SIGNING)

    def holds(self, secret: str, headers: Headers, _body: bytes, /) -> bool:
        """The header is the secret."""
        return hmac.compare_digest(headers[self._name], secret.encode())


class BodyDigest:
    """Base64 of HMAC-SHA256 over the body alone: Shopify, Intuit. It carries no time, so a repeat
    is told by its digest at the owner's."""

    def __init__(self, name: bytes) -> None:
        self._name = name
        self.headers = frozenset({name})
        self.time = None

    def takes(self, secret: str) -> bool:
        """Any; its characters are the key."""
        return bool(secret)

    def holds(self, secret: str, headers: Headers, body: bytes, /) -> bool:
        """The one spelling of the digest."""
        right = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
        return hmac.compare_digest(headers[self._name], right)


class StandardWebhook:
    """standardwebhooks.com, symmetric: `v1` signatures, any of several, over id, time and body."""

    headers = frozenset({b"webhook-id", b"webhook-timestamp", b"webhook-signature"})
    time = b"webhook-timestamp"

    def takes(self, secret: str) -> bool:
        """`whsec_` and base64 of 24 to 64 bytes."""
        return signing_key(secret) is not None

    def holds(self, secret: str, headers: Headers, body: bytes, /) -> bool:
        """An id with a dot is refused: it could be cut elsewhere and the time with it."""
        name, at = headers[b"webhook-id"], headers[b"webhook-timestamp"]
        key = signing_key(secret)
        if key is None or not name or b"." in name or not at.isdigit():
            return False
        digest = hmac.digest(key, b".".join((name, at, body)), hashlib.sha256)
        right = b"v1," + base64.b64encode(digest)
        told = headers[b"webhook-signature"].split(b" ")
        return sum(hmac.compare_digest(one, right) for one in told) > 0


@dataclass(frozen=True)
class Vendor:
    """Who may send: to whose service it goes, and how it is proven."""

    name: str
    owner: str
    proofs: tuple[Proof, ...]
    own_row: bool = False
    """Has a row of its own and is no `{vendor}` of `/api/hooks/{vendor}/{topic}`."""

    def takes(self, secret: str) -> bool:
        """Whether one of the proofs can use a secret of this form."""
        return any(proof.takes(secret) for proof in self.proofs)

    def refusal(
        self, secrets: Sequence[str], headers: Headers, body: bytes, now: float
    ) -> str | None:
        """None: sent by this vendor, just now where it says when. Else a stable code."""
        for proof in self.proofs:
            if proof.headers <= headers.keys():
                fitting = [secret for secret in secrets if proof.takes(secret)]
                if not sum(proof.holds(secret, headers, body) for secret in fitting):
                    return "bad_signature"
                timely = proof.time is None or _near(headers[proof.time], now)
                return None if timely else "stale_signature"
        return "no_signature"


def _near(told: bytes, now: float) -> bool:
    return told.isdigit() and len(told) < 16 and abs(now - int(told)) <= WINDOW


_STANDARD = StandardWebhook()
VENDORS = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            "3cx", "ticketing", (SharedHeader(b"x-deskstream-webhook"), _STANDARD), own_row=True
        ),
        Vendor("shopify", "commerce-gateway", (BodyDigest(b"x-shopify-hmac-sha256"),)),
        Vendor("quickbooks", "commerce-gateway", (BodyDigest(b"intuit-signature"),)),
        Vendor("mail", "notifier", (_STANDARD,)),
    )
}
"""By the name in the path. `mail` is a relay or provider that signs as Standard Webhooks says."""


def signing_key(secret: str) -> bytes | None:
    """The bytes of a `whsec_` secret; None for anything else."""
    if not secret.startswith(_SIGNING):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(_SIGNING), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if 24 <= len(key) <= 64 else None


SHORTEST = 24
_DISTINCT = 8
_TYPED = ("change", "secret", "password", "example", "default", "placeholder", "webhook", "sample")


def weakness(secret: str) -> str | None:
    """Why this must not be a secret; None where nothing speaks against it."""
    text = secret.removeprefix(_SIGNING)
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        return "must be printable ASCII without spaces"
    if len(text) < SHORTEST:
        return f"must have {SHORTEST} characters or more"
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    repeats = any(
        text == (text[:n] * len(text))[: len(text)] for n in range(1, len(text) * 3 // 4 + 1)
    )
    typed = any(word in text.lower() for word in _TYPED)
    if typed or repeats or len(set(text)) < _DISTINCT or len(steps) < _DISTINCT:
        return "looks like a default, not like something random"
    return None

"""The signed identity that goes on to a service, made at most once a minute for each caller."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from deskstream_chassis.access import Actor
from gateway.interface.gate.credentials import Principal

REUSED = 40.0
"""Seconds for which a token of 60 s is handed out again, so that it never arrives near its end."""
_MOST = 20_000


class Signer(Protocol):
    """Makes internal tokens (the chassis's TokenSigner)."""

    def sign(self, actor: Actor, audience: str) -> str:
        """A token for one audience that lives 60 s."""

    def public_set(self) -> Mapping[str, Any]:
        """The keys that prove such tokens, as a JWK set."""


class Identities:
    """Tokens by (caller, role version, audience)."""

    def __init__(self, signer: Signer, clock: Callable[[], float] = time.monotonic) -> None:
        self._signer = signer
        self._clock = clock
        self._made: dict[tuple[object, ...], tuple[str, float]] = {}

    def token(self, principal: Principal, audience: str) -> str:
        """A token with at least 20 s to live."""
        key = (*principal.token_key, audience)
        now = self._clock()
        made = self._made.get(key)
        if made is not None and made[1] > now:
            return made[0]
        token = self._signer.sign(principal.actor, audience)
        if len(self._made) >= _MOST:
            self._made = {k: m for k, m in self._made.items() if m[1] > now}
        self._made[key] = (token, now + REUSED)
        return token


def published(signer: Signer) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    """The public keys, for whoever asks by a call."""

    async def jwks() -> Mapping[str, Any]:
        return signer.public_set()

    return jwks

"""For tests: a signing key, a key set that counts its readers, a clock, and a forger of tokens."""

import base64
import json
import time
import warnings
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey
from joserfc.jws import JWSRegistry

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.identity.tokens import (
    KeyCache,
    KeysUnavailable,
    TokenSigner,
    TokenVerifier,
)

KEY = OKPKey.generate_key("Ed25519", {"kid": "k1"}, private=True)
AGENT = Actor("user", str(uuid4()), Role.AGENT, frozenset({uuid4(), uuid4()}), session="s1")


class Keys:
    """A key set that counts how often it is asked for."""

    def __init__(self, *keys: OKPKey) -> None:
        self.set, self.fetched, self.down = KeySet(list(keys)), 0, False

    async def __call__(self) -> Mapping[str, Any]:
        self.fetched += 1
        if self.down:
            raise KeysUnavailable("down")
        return self.set.as_dict(private=False)


class Time:
    """A clock that stands still until `at` is changed."""

    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


def verifier(keys: Keys | None = None, now: Time | None = None) -> TokenVerifier:
    """A verifier for the audience `ticketing` that knows KEY."""
    clock = now or Time()
    return TokenVerifier(KeyCache(keys or Keys(KEY), clock), "ticketing", clock)


def signer(now: Time | None = None) -> TokenSigner:
    """A signer with KEY."""
    return TokenSigner(KeySet([KEY]), now or Time())


def claims(**changes: Any) -> dict[str, Any]:
    """Claims that would pass, with changes; None leaves one out."""
    now = int(time.time())
    whole = {
        "iss": "deskstream-gateway",
        "aud": "ticketing",
        "sub": AGENT.ref,
        "sid": "s1",
        "role": "agent",
        "teams": [],
        "scopes": [],
        "jti": "j1",
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def forge(
    header: Mapping[str, Any] | None = None, key: Any = KEY, alg: str = "EdDSA", **changes: Any
) -> str:
    """A signed token with whatever header, key, algorithm and claims a forger would like."""
    protected = {"alg": alg, "typ": "deskstream-identity+jwt", "kid": "k1", **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library rightly dislikes what is forged here
        registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
        return jwt.encode(protected, claims(**changes), key, registry=registry, default_type=None)


def raw(header: Mapping[str, Any], body: Mapping[str, Any], signature: str = "") -> str:
    """A token put together by hand, signed with nothing."""

    def part(value: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(body)}.{signature}"

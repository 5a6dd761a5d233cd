"""The internal identity token: an Ed25519 JWT for one audience that lives 60 seconds."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwa import EdDSAAlgorithm
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry, extract_compact
from starlette.types import Scope

from deskstream_chassis.access import Actor, Role
from deskstream_chassis.http.context import header
from deskstream_chassis.http.problem import unauthenticated, unavailable
from deskstream_chassis.identity.keys import (
    KeyCache,
    KeysUnavailable,
    Now,
    TokenRejected,
    fetch_keys,
    is_ed25519,
)

__all__ = ["HEADER", "KeyCache", "KeysUnavailable", "TokenRejected", "TokenSigner", "TokenVerifier"]

HEADER: Final = "Deskstream-Identity"
ISSUER: Final = "deskstream-gateway"
TYPE: Final = "deskstream-identity+jwt"
LIFETIME: Final = 60
LEEWAY: Final = 2
"""Seconds by which a token may seem to come from the future; it never lives longer for that."""
MAX_TOKEN: Final = 8192
_HEADERS: Final = {"alg", "typ", "kid"}


class _EdDSA(EdDSAAlgorithm):
    # The library warns at each use: RFC 9864 would name the curve in `alg`. Keys that are not
    # Ed25519 never get here, so the name is not ambiguous.
    security_warning = ""


_REGISTRY: Final = JWSRegistry(algorithms=["EdDSA"])
_REGISTRY.algorithms = {"EdDSA": _EdDSA()}
"""For this registry no other algorithm exists, `none` and HS256 included."""


class TokenSigner:
    """Signs identities with the newest private key; `public_set` is what `/internal/jwks` serves.

    `keys` are private Ed25519 keys with a `kid` each; the first one signs, the others are still
    published, so that keys can be changed while old tokens live.
    """

    def __init__(self, keys: KeySet, now: Now = time.time) -> None:
        if not keys.keys:
            raise ValueError("no signing key")
        for key in keys.keys:
            if not is_ed25519(key) or not key.is_private or not key.kid:
                raise ValueError("signing keys are private Ed25519 keys with a kid")
        self._keys = keys
        self._now = now

    def sign(self, actor: Actor, audience: str) -> str:
        """A token for this actor and audience, good for 60 s."""
        key = self._keys.keys[0]
        issued = int(self._now())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": audience,
            "sub": _subject(actor),
            "iat": issued,
            "exp": issued + LIFETIME,
            "jti": uuid4().hex,
            "teams": sorted(str(team) for team in actor.teams),
            "scopes": sorted(actor.scopes),
        }
        if actor.role is not None:
            claims["role"] = actor.role.value
        if actor.session is not None:
            claims["sid"] = actor.session
        protected = {"alg": "EdDSA", "typ": TYPE, "kid": key.kid}
        return jwt.encode(protected, claims, key, registry=_REGISTRY)

    def public_set(self) -> Mapping[str, Any]:
        """The JWK set without private parts."""
        return self._keys.as_dict(private=False)


def _subject(actor: Actor) -> str:
    return f"service:{actor.id}" if actor.kind == "system" else actor.ref


class TokenVerifier:
    """Verifies tokens for one audience; a good one is remembered by its hash until it expires."""

    def __init__(
        self, keys: KeyCache, audience: str, now: Now = time.time, cache_size: int = 10_000
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._now = now
        self._cache: dict[bytes, tuple[float, Actor]] = {}
        self._cache_size = cache_size

    @classmethod
    def over_http(cls, jwks_url: str, audience: str) -> "TokenVerifier":
        """With the key set that the gateway serves at `jwks_url`."""
        return cls(KeyCache(fetch_keys(jwks_url)), audience)

    async def authenticate(self, scope: Scope) -> Actor:
        """Who sends this, by its `Deskstream-Identity` header. Raises Problem 401 or 503."""
        token = header(scope, HEADER)
        if token is None:
            raise unauthenticated()
        try:
            return await self.verify(token)
        except TokenRejected:
            raise unauthenticated() from None
        except KeysUnavailable:
            raise unavailable("identity_keys_unavailable") from None

    async def verify(self, token: str) -> Actor:
        """The actor of a valid token. Raises TokenRejected or KeysUnavailable."""
        if len(token) > MAX_TOKEN:
            raise TokenRejected("too_long")
        digest = hashlib.sha256(token.encode()).digest()
        remembered = self._cache.get(digest)
        now = self._now()
        if remembered is not None:
            if remembered[0] > now:
                return remembered[1]
            del self._cache[digest]
        expires, actor = await self._verify(token)
        self._remember(digest, expires, actor)
        return actor

    async def _verify(self, token: str) -> tuple[float, Actor]:
        kid = _checked_header(token)
        key = await self._keys.get(kid)
        try:
            claims = jwt.decode(token, key, registry=_REGISTRY).claims
        except (JoseError, ValueError, TypeError):
            raise TokenRejected("bad_signature") from None
        return self._read(claims)

    def _read(self, claims: Mapping[str, Any]) -> tuple[float, Actor]:
        now = self._now()
        expires, issued = claims.get("exp"), claims.get("iat")
        if type(expires) is not int or type(issued) is not int:
            raise TokenRejected("no_lifetime")
        if now >= expires or issued > now + LEEWAY or expires - issued > LIFETIME:
            raise TokenRejected("expired")
        if claims.get("iss") != ISSUER:
            raise TokenRejected("wrong_issuer")
        if claims.get("aud") != self._audience:
            raise TokenRejected("wrong_audience")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise TokenRejected("no_jti")
        try:
            return float(expires), _actor(claims)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise TokenRejected("bad_claims") from None

    def _remember(self, digest: bytes, expires: float, actor: Actor) -> None:
        if len(self._cache) >= self._cache_size:
            now = self._now()
            self._cache = {d: (e, a) for d, (e, a) in self._cache.items() if e > now}
            while len(self._cache) >= self._cache_size:
                del self._cache[next(iter(self._cache))]
        self._cache[digest] = (expires, actor)


def _checked_header(token: str) -> str:
    try:
        protected: object = extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise TokenRejected("malformed") from None
    if not isinstance(protected, dict):
        raise TokenRejected("malformed")
    if set(protected) != _HEADERS:  # `jwk`, `jku`, `x5u`, `crit` and whatever else
        raise TokenRejected("bad_header")
    if protected["alg"] != "EdDSA" or protected["typ"] != TYPE:
        raise TokenRejected("bad_header")
    kid = protected["kid"]
    if not isinstance(kid, str) or not kid:
        raise TokenRejected("bad_header")
    return kid


def _actor(claims: Mapping[str, Any]) -> Actor:
    kind, _, id_ = claims["sub"].partition(":")
    role = claims.get("role")
    session = claims.get("sid")
    if not id_ or kind not in ("user", "key", "service"):
        raise ValueError("sub")
    if session is not None and not isinstance(session, str):
        raise ValueError("sid")
    if kind == "user":
        UUID(id_)
    elif role is not None:
        raise ValueError("only staff have a role")
    return Actor(
        kind={"user": "user", "key": "key", "service": "system"}[kind],  # type: ignore[arg-type]
        id=id_,
        role=None if role is None else Role(role),
        teams=frozenset(UUID(team) for team in claims["teams"]),
        scopes=frozenset(str(scope) for scope in claims["scopes"]),
        session=session,
    )

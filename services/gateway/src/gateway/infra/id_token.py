"""The issuer's keys, and what an ID token must be before anybody is believed to be its subject."""

from collections.abc import Mapping
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwa import EdDSAAlgorithm
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import JWSRegistry, extract_compact

from gateway.application.issuer import IdentityRefused

LONGEST: Final = 16 * 1024
LEEWAY: Final = 60
"""Seconds by which the issuer's clock may differ from ours."""
OLDEST: Final = 600
"""Seconds since it was issued: it comes straight from the issuer."""
MOST_KEYS: Final = 100
_LEAST_MODULUS: Final = 342
"""2048 bits in base64url."""
_FOREIGN_KEYS: Final = {"jwk", "jku", "x5u", "x5c", "crit"}
"""Headers that would bring a key along, or change what the others mean."""

_BROKEN: Final = (JoseError, ValueError, TypeError, KeyError, RecursionError)
"""What the library raises at something that is not as it should be."""


class _EdDSA(EdDSAAlgorithm):
    # RFC 9864 would name the curve in `alg`; only Ed25519 keys get here.
    security_warning = ""


_ALGORITHMS: Final = {
    **{name: JWSRegistry.algorithms[name] for name in ("RS256", "ES256")},
    "EdDSA": _EdDSA(),
}
_REGISTRY: Final = JWSRegistry(algorithms=list(_ALGORITHMS))
_REGISTRY.algorithms = dict(_ALGORITHMS)
"""For this registry no other algorithm exists, `none` and HS256 included."""


def algorithm_of(key: Key) -> str | None:
    """The one that a key of this kind signs with here; None where it is of no use."""
    match key:
        case RSAKey():
            return "RS256"
        case ECKey(curve_name="P-256"):
            return "ES256"
        case OKPKey(curve_name="Ed25519"):
            return "EdDSA"
    return None


def read_keys(document: Mapping[str, Any]) -> list[Key]:
    """The keys that can be used; what is of another kind, weak or broken is passed over."""
    entries = document.get("keys")
    return [
        key
        for entry in (entries[:MOST_KEYS] if isinstance(entries, list) else ())
        if (key := _usable(entry)) is not None
    ]


def _usable(entry: Any) -> Key | None:
    kind = entry.get("kty") if isinstance(entry, dict) else None
    if kind not in ("RSA", "EC", "OKP") or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    if kind == "RSA" and len(str(entry.get("n", ""))) < _LEAST_MODULUS:
        return None
    try:
        key = import_key({k: v for k, v in entry.items() if k != "key_ops"})
    except _BROKEN:
        return None
    algorithm = algorithm_of(key)
    return key if algorithm is not None and entry.get("alg") in (None, algorithm) else None


def wanted_key(token: str) -> tuple[str, str | None]:
    """Algorithm and key id that the token names. Raises IdentityRefused."""
    try:
        header: object = extract_compact(token.encode("ascii")).headers()
    except _BROKEN:
        raise IdentityRefused("bad_token") from None
    if not isinstance(header, dict):
        raise IdentityRefused("bad_token")
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _ALGORITHMS:
        raise IdentityRefused("bad_token")
    if not _FOREIGN_KEYS.isdisjoint(header) or not isinstance(kid, str | None):
        raise IdentityRefused("bad_token")
    return algorithm, kid


def find_key(keys: list[Key], algorithm: str, kid: str | None) -> Key | None:
    """The key of this name; without a name the only one of its kind."""
    fitting = [key for key in keys if algorithm_of(key) == algorithm and kid in (None, key.kid)]
    return fitting[0] if len(fitting) == 1 else None


def claims_of(
    token: str, key: Key, *, issuer: str, client_id: str, nonce: str, access: str | None, now: int
) -> Mapping[str, Any]:
    """The claims of a token that holds in every respect (OpenID Connect Core 3.1.3.7). Raises
    IdentityRefused."""
    try:
        decoded = jwt.decode(token, key, registry=_REGISTRY)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
            },
            {"nonce": nonce, "client_id": client_id, "access_token": access},
        )
        claims.validate(now, LEEWAY)
    except _BROKEN:
        raise IdentityRefused("bad_token") from None
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise IdentityRefused("bad_token")
    if claims["iat"] < now - OLDEST:
        raise IdentityRefused("bad_token")
    found: Mapping[str, Any] = claims
    return found

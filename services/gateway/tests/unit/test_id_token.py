"""Which keys of an issuer are used, and what an identity and a walk are."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import serialize_compact

from gateway.application.issuer import IdentityRefused
from gateway.domain.oidc import WALK_TTL, OidcIdentity, OidcWalk
from gateway.infra.id_token import MOST_KEYS, claims_of, find_key, read_keys, wanted_key
from gateway.testing import NINE

RSA = RSAKey.generate_key(2048, {"kid": "r"}).as_dict(private=False)
EC = ECKey.generate_key("P-256", {"kid": "e"}).as_dict(private=False)
OKP = OKPKey.generate_key("Ed25519", {"kid": "o"}).as_dict(private=False)


def kids(*entries: Any) -> list[str | None]:
    return [key.kid for key in read_keys({"keys": list(entries)})]


def test_keys_of_the_three_kinds_are_used_each_for_its_algorithm() -> None:
    keys = read_keys({"keys": [RSA, EC, OKP]})
    found = [find_key(keys, name, None) for name in ("RS256", "ES256", "EdDSA", "HS256", "none")]
    assert [key and key.kid for key in found] == ["r", "e", "o", None, None]
    assert find_key(keys, "RS256", "e") is None


@pytest.mark.parametrize(
    "entry",
    [
        {**RSA, "n": RSA["n"][:300]},
        {**RSA, "use": "enc"},
        {**RSA, "alg": "RS512"},
        {**EC, "alg": "RS256"},
        ECKey.generate_key("P-384").as_dict(private=False),
        OKPKey.generate_key("X25519").as_dict(private=False),
        ECKey.generate_key("P-256").as_dict(private=True),
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I"},
        {"kty": "RSA"},
        {"kty": ["RSA"]},
        {**RSA, "e": 7},
        "RSA",
        None,
    ],
    ids=str,
)
def test_a_weak_foreign_or_broken_key_is_passed_over(entry: Any) -> None:
    assert kids(entry, EC) == ["e"]


def test_two_keys_of_one_name_are_none() -> None:
    other = RSAKey.generate_key(2048, {"kid": "r"}).as_dict(private=False)
    assert find_key(read_keys({"keys": [RSA, other]}), "RS256", "r") is None
    assert find_key(read_keys({"keys": [RSA, {**other, "kid": "s"}]}), "RS256", None) is None


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": {"kty": "RSA"}}, {"keys": "x"}])
def test_a_document_without_keys_has_none(document: dict[str, Any]) -> None:
    assert read_keys(document) == []


def test_no_more_keys_are_looked_at_than_an_issuer_has() -> None:
    assert kids(*[None] * MOST_KEYS, RSA) == []


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_whatever_comes_as_a_token_is_read_or_refused(text: str) -> None:
    for token in (text, f"{text}.e30.x", f"{text}..", "." * len(text)):
        with pytest.raises(IdentityRefused):
            wanted_key(token)


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "header",
    [
        '{"alg":["RS256"]}',
        '{"alg":{"RS256":1}}',
        '{"alg":"RS256","kid":7}',
        '{"alg":"RS256","crit":["b64"]}',
        '{"alg":"RS256","jku":"https://id.test/keys"}',
        '["alg"]',
        '"alg"',
        "null",
        "[" * 300,
        "{}",
    ],
)
def test_a_header_of_another_shape_is_refused(header: str) -> None:
    with pytest.raises(IdentityRefused):
        wanted_key(f"{coded(header)}.{coded('{}')}.x")


@pytest.mark.parametrize(
    "payload", ["[" * 10_000, "[]", "null", "x", '{"iss":' * 5_000, '{"exp":NaN,"iat":Infinity}']
)
def test_claims_of_another_shape_are_refused_though_they_are_signed(payload: str) -> None:
    key = ECKey.generate_key("P-256")
    token = serialize_compact({"alg": "ES256"}, payload.encode(), key)
    with pytest.raises(IdentityRefused):
        claims_of(token, key, issuer="i", client_id="c", nonce="n", access=None, now=1000)


identities = st.builds(OidcIdentity, *[st.text(max_size=12)] * 3)


@given(identities, identities)
def test_no_two_people_have_the_same_text(one: OidcIdentity, other: OidcIdentity) -> None:
    assert (one.text == other.text) is (one == other)
    assert json.loads(one.text) == [one.issuer, one.tenant, one.subject]


def test_a_walk_is_ended_by_its_browser_within_ten_minutes() -> None:
    walk = OidcWalk(b"b" * 32, "v", "n", NINE + WALK_TTL)
    assert walk.fits(b"b" * 32, NINE)
    assert walk.fits(b"b" * 32, NINE + WALK_TTL - timedelta(microseconds=1))
    assert not walk.fits(b"b" * 32, NINE + WALK_TTL)
    assert not walk.fits(b"c" * 32, NINE)

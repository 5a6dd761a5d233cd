"""Identity tokens: what is signed verifies, and nothing else does."""

import base64
import json
import time

import pytest
from joserfc.jwk import KeySet, OctKey, OKPKey, RSAKey

from deskstream_chassis.access import Actor, system
from deskstream_chassis.http.problem import Problem
from deskstream_chassis.identity.testing import (
    AGENT,
    KEY,
    Time,
    claims,
    forge,
    raw,
    signer,
    verifier,
)
from deskstream_chassis.identity.tokens import (
    HEADER,
    TokenRejected,
    TokenSigner,
)


async def test_a_signed_actor_comes_back_whole() -> None:
    for actor in (AGENT, Actor("key", "k9", scopes=frozenset({"tickets:view"})), system("gateway")):
        assert await verifier().verify(signer().sign(actor, "ticketing")) == actor


async def test_the_forging_helper_itself_makes_valid_tokens() -> None:
    assert (await verifier().verify(forge())).ref == AGENT.ref


TYP = "deskstream-identity+jwt"
FORGED = {
    "none": lambda: raw({"alg": "none", "typ": TYP, "kid": "k1"}, claims()),
    "None with a signature": lambda: raw({"alg": "NONE", "typ": TYP, "kid": "k1"}, claims(), "AA"),
    "HS256 keyed with the public key": lambda: forge(
        key=OctKey.import_key(base64.b64encode(KEY.as_pem(private=False)).decode()), alg="HS256"
    ),
    "HS256 keyed with the public x": lambda: forge(
        key=OctKey.import_key(KEY.as_dict(private=False)["x"] * 2), alg="HS256"
    ),
    "RS256": lambda: forge(key=RSAKey.generate_key(2048, {"kid": "k1"}), alg="RS256"),
    "another key under our kid": lambda: forge(
        key=OKPKey.generate_key("Ed25519", {"kid": "k1"}, private=True)
    ),
    "a key of its own in jwk": lambda: forge({"jwk": KEY.as_dict(private=False)}),
    "jku": lambda: forge({"jku": "https://evil.example/keys"}),
    "x5u": lambda: forge({"x5u": "https://evil.example/cert"}),
    "x5c": lambda: forge({"x5c": ["AAAA"]}),
    "an unknown header": lambda: forge({"zip": "DEF"}),
    "crit": lambda: forge({"crit": ["b64"], "b64": True}),
    "no kid": lambda: forge({"kid": None}),
    "kid that is a number": lambda: raw({"alg": "EdDSA", "typ": TYP, "kid": 1}, claims()),
    "a header that is a list": lambda: raw(["alg", "typ", "kid"], claims()),
    "a header that is a list of lists": lambda: raw([[1]], claims()),
    "a header that is nothing": lambda: raw(None, claims()),
    "an alg that is a list": lambda: raw({"alg": ["EdDSA"], "typ": TYP, "kid": "k1"}, claims()),
    "wrong typ": lambda: forge({"typ": "JWT"}),
    "no typ": lambda: forge({"typ": None}),
    "expired": lambda: forge(iat=int(time.time()) - 61, exp=int(time.time()) - 1),
    "issued in the future": lambda: forge(iat=int(time.time()) + 30, exp=int(time.time()) + 90),
    "good for an hour": lambda: forge(exp=int(time.time()) + 3600),
    "no expiry": lambda: forge(exp=None),
    "expiry as text": lambda: forge(exp=str(int(time.time()) + 60)),
    "no issue time": lambda: forge(iat=None),
    "wrong issuer": lambda: forge(iss="deskstream-gateway.evil.example"),
    "no issuer": lambda: forge(iss=None),
    "wrong audience": lambda: forge(aud="notifier"),
    "a list of audiences": lambda: forge(aud=["ticketing", "notifier"]),
    "no audience": lambda: forge(aud=None),
    "no jti": lambda: forge(jti=None),
    "no subject": lambda: forge(sub=None),
    "a subject of an unknown kind": lambda: forge(sub="root:1"),
    "a system subject": lambda: forge(sub="system:timer", role=None),
    "a subject without id": lambda: forge(sub="user:"),
    "an unknown role": lambda: forge(role="owner"),
    "a key with a role": lambda: forge(sub="key:k1", role="admin"),
    "teams that are no ids": lambda: forge(teams=["credit"]),
    "no teams": lambda: forge(teams=None),
    "two parts": lambda: "a.b",
    "nothing": lambda: "",
    "noise": lambda: "x" * 500,
    "not ASCII": lambda: "é.é.é",
    "much too long": lambda: forge(scopes=["s" * 9000]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_token_is_rejected(name: str) -> None:
    with pytest.raises(TokenRejected):
        await verifier().verify(FORGED[name]())


async def test_a_changed_byte_is_rejected() -> None:
    head, body, signature = signer().sign(AGENT, "ticketing").split(".")
    other = body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1]
    with pytest.raises(TokenRejected):
        await verifier().verify(f"{head}.{other}.{signature}")


async def test_a_remembered_token_still_expires() -> None:
    now = Time()
    one = verifier(now=now)
    token = signer(now).sign(AGENT, "ticketing")
    assert await one.verify(token) == AGENT
    now.at += 59
    assert await one.verify(token) == AGENT
    now.at += 2
    with pytest.raises(TokenRejected, match="expired"):
        await one.verify(token)


async def test_a_missing_or_doubled_header_is_401() -> None:
    token = signer().sign(AGENT, "ticketing").encode()
    pair = (HEADER.lower().encode(), token)
    for headers in ([], [pair, pair]):
        with pytest.raises(Problem) as refused:
            await verifier().authenticate({"headers": headers})
        assert refused.value.status == 401


def test_the_published_set_holds_no_private_part() -> None:
    published = json.dumps(signer().public_set())
    assert '"kid": "k1"' in published
    assert '"d"' not in published


def test_a_signer_takes_private_ed25519_keys_only() -> None:
    for bad in (
        OKPKey.generate_key("X25519", {"kid": "x"}),
        RSAKey.generate_key(2048, {"kid": "r"}),
    ):
        with pytest.raises(ValueError, match="Ed25519"):
            TokenSigner(KeySet([bad]))
    public = OKPKey.import_key(KEY.as_dict(private=False))
    with pytest.raises(ValueError, match="private"):
        TokenSigner(KeySet([public]))

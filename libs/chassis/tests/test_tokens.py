"""Identity tokens: what is signed verifies, and nothing else does."""

import asyncio
import base64
import json
import time
import warnings
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from deskstream_chassis.access import Actor, Role, system
from deskstream_chassis.http.problem import Problem
from deskstream_chassis.identity.tokens import (
    HEADER,
    KeyCache,
    KeysUnavailable,
    TokenRejected,
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
    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


def verifier(keys: Keys | None = None, now: Time | None = None) -> TokenVerifier:
    clock = now or Time()
    return TokenVerifier(KeyCache(keys or Keys(KEY), clock), "ticketing", clock)


def signer(now: Time | None = None) -> TokenSigner:
    return TokenSigner(KeySet([KEY]), now or Time())


def claims(**changes: Any) -> dict[str, Any]:
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
    protected = {"alg": alg, "typ": "deskstream-identity+jwt", "kid": "k1", **(header or {})}
    protected = {name: value for name, value in protected.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library rightly dislikes what is forged here
        registry = JWSRegistry(algorithms=[alg], strict_check_header=False)
        return jwt.encode(protected, claims(**changes), key, registry=registry, default_type=None)


def raw(header: Mapping[str, Any], body: Mapping[str, Any], signature: str = "") -> str:
    def part(value: Mapping[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(body)}.{signature}"


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


async def test_an_unknown_kid_causes_one_fetch_in_thirty_seconds() -> None:
    now, keys = Time(), Keys(KEY)
    one = verifier(keys, now)
    assert await one.verify(signer(now).sign(AGENT, "ticketing"))
    for _ in range(50):
        with pytest.raises(TokenRejected, match="unknown_kid"):
            await one.verify(forge({"kid": f"new-{_}"}))
    assert keys.fetched == 1
    now.at += 31
    for _ in range(50):
        with pytest.raises(TokenRejected):
            await one.verify(forge({"kid": f"new-{_}"}))
    assert keys.fetched == 2


async def test_a_rotated_key_is_learnt_and_the_old_one_goes_on() -> None:
    now, keys = Time(), Keys(KEY)
    one = verifier(keys, now)
    await one.verify(signer(now).sign(AGENT, "ticketing"))
    new = OKPKey.generate_key("Ed25519", {"kid": "k2"}, private=True)
    keys.set = KeySet([new, KEY])
    now.at += 31
    assert await one.verify(TokenSigner(KeySet([new, KEY]), now).sign(AGENT, "ticketing"))
    assert await one.verify(signer(now).sign(system("gateway"), "ticketing"))


async def test_a_failing_refetch_keeps_the_known_keys() -> None:
    now, keys = Time(), Keys(KEY)
    one = verifier(keys, now)
    await one.verify(signer(now).sign(AGENT, "ticketing"))
    keys.down = True
    now.at += 31
    with pytest.raises((TokenRejected, KeysUnavailable)):
        await one.verify(forge({"kid": "other"}))
    assert await one.verify(signer(now).sign(AGENT, "ticketing"))


async def test_without_a_key_set_the_answer_is_503_until_there_is_one() -> None:
    now, keys = Time(), Keys(KEY)
    keys.down = True
    one = verifier(keys, now)
    scope = {"headers": [(HEADER.lower().encode(), signer().sign(AGENT, "ticketing").encode())]}
    with pytest.raises(Problem) as refused:
        await one.authenticate(scope)
    assert (refused.value.status, refused.value.code) == (503, "identity_keys_unavailable")
    keys.down = False
    now.at += 1
    assert await one.authenticate(scope) == AGENT


async def test_many_that_ask_a_missing_key_set_wait_for_one_fetch() -> None:
    keys = Keys(KEY)
    keys.down = True
    one = verifier(keys)
    token = signer().sign(AGENT, "ticketing")
    told = await asyncio.gather(*(one.verify(token) for _ in range(20)), return_exceptions=True)
    assert all(isinstance(error, KeysUnavailable) for error in told)
    assert keys.fetched == 1


async def served(handler: Any) -> AsyncIterator[str]:
    """The address of a key set that `handler` answers."""
    app = web.Application()
    app.router.add_get("/jwks", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/jwks"
    finally:
        await runner.cleanup()


async def test_keys_come_over_http() -> None:
    async def keys(_: web.Request) -> web.Response:
        return web.json_response(dict(signer().public_set()))

    async for url in served(keys):
        token = signer().sign(AGENT, "ticketing")
        assert await TokenVerifier.over_http(url, "ticketing").verify(token) == AGENT


async def test_an_address_that_gives_no_keys_is_503() -> None:
    async def broken(request: web.Request) -> web.Response:
        match request.query["how"]:
            case "status":
                return web.Response(status=500)
            case "moved":
                raise web.HTTPFound("/jwks?how=keys")
            case "text":
                return web.Response(text="no keys")
            case "list":
                return web.json_response([1])
            case _:
                return web.json_response(dict(signer().public_set()))

    async for url in served(broken):
        for how in ("status", "moved", "text", "list"):
            with pytest.raises(KeysUnavailable):
                await TokenVerifier.over_http(f"{url}?how={how}", "ticketing").verify(forge())
    with pytest.raises(KeysUnavailable):
        await TokenVerifier.over_http("http://127.0.0.1:9/jwks", "ticketing").verify(forge())


@pytest.mark.parametrize("served", [{}, {"keys": []}, {"keys": [{"kty": "OKP"}]}, {"keys": "no"}])
async def test_a_key_set_that_cannot_be_read_is_503(served: Mapping[str, Any]) -> None:
    async def fetch() -> Mapping[str, Any]:
        return served

    with pytest.raises(KeysUnavailable):
        await TokenVerifier(KeyCache(fetch), "ticketing").verify(forge())


async def test_keys_of_other_kinds_in_the_set_are_not_used() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "k1"})

    async def fetch() -> Mapping[str, Any]:
        return KeySet([rsa]).as_dict(private=False)

    with pytest.raises(KeysUnavailable):
        await TokenVerifier(KeyCache(fetch), "ticketing").verify(forge())


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

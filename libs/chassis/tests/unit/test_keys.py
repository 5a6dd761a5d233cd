"""The public key set: fetched seldom, rotated without a gap, 503 where there is none."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from joserfc.jwk import KeySet, OKPKey, RSAKey

from deskstream_chassis.access import system
from deskstream_chassis.http.problem import Problem
from deskstream_chassis.identity.testing import AGENT, KEY, Keys, Time, forge, signer, verifier
from deskstream_chassis.identity.tokens import (
    HEADER,
    KeyCache,
    KeysUnavailable,
    TokenRejected,
    TokenSigner,
    TokenVerifier,
)


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

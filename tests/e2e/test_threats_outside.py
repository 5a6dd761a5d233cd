"""Attacks that make the gateway ask where it must not: its own network, through the issuer."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest
from e2e.people import Desk
from e2e.test_oidc import Browser

from deskstream_chassis.clock import SystemClock
from deskstream_tools.issuer import CLIENT, SECRET, LocalIssuer
from gateway.application.issuer import IssuerSilent
from gateway.infra.issuer_http import IssuerHttp
from gateway.infra.openid_issuer import RETRY, OpenIdIssuer, Registration

Saw = Callable[[str], None]
INSIDE = ("127.1", "0x7f000001", "2130706433", "[::ffff:127.0.0.1]", "localhost", "0.0.0.0")
ELSEWHERE = ("100.64.0.1", "169.254.169.254")


@pytest.mark.threat("A7")
async def test_a7_an_issuer_that_redirects_is_not_followed(desk: Desk, issuer: LocalIssuer) -> None:
    begun = len(issuer.asked)
    issuer.trouble = {"/token": "redirect"}
    try:
        refused = await Browser(desk).walk()
    finally:
        issuer.trouble = {}
    assert (refused.status_code, refused.json()["code"]) == (503, "issuer_unavailable")
    asked = issuer.asked[begun:]
    assert "/token" in asked
    assert not [path for path in asked if path.startswith("/elsewhere")]


@pytest.mark.threat("A7")
async def test_a7_a_document_that_names_an_address_inside_reaches_nobody(
    issuer: LocalIssuer, saw: Saw
) -> None:
    """However the address is spelt, and whoever is there: a listener counts who comes."""
    came = 0

    def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        writer.close()

    now = 0.0
    registration = Registration(issuer.url, CLIENT, SECRET, "http://desk.test/back")
    http = IssuerHttp(frozenset({urlsplit(issuer.url).netloc}), secure=False)
    client = OpenIdIssuer(registration, http, SystemClock(), lambda: now)
    async with await asyncio.start_server(count, "127.0.0.1", 0) as inside:
        port = inside.sockets[0].getsockname()[1]
        try:
            for host in (*INSIDE, *ELSEWHERE):
                for end in ("token_endpoint", "jwks_uri"):
                    issuer.document = {end: f"http://{host}:{port}/latest/meta-data"}
                    now += RETRY + 1
                    with pytest.raises(IssuerSilent):
                        await client.identity("code", nonce="n", verifier="v" * 43, said_by=None)
        finally:
            issuer.document = {}
            await client.close()
        assert came == 0
        async with httpx.AsyncClient(trust_env=False) as reaching:
            with pytest.raises(httpx.RemoteProtocolError):
                await reaching.get(f"http://127.1:{port}/")
        assert came == 1, "the listener is there"
    saw(f"{len(INSIDE) + len(ELSEWHERE)} addresses, in either place of the document")

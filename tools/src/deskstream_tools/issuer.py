"""An OpenID provider on a loopback port, where everybody consents at once: for tests.

It keeps to OpenID Connect Core, as far as a sign-in by authorization code with PKCE goes, and it
can be made to break every rule of it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

Trouble = Literal["slow", "huge", "redirect", "garbage", "deep", "broken"]
"""What an endpoint does instead of answering."""
Signing = Literal["RS256", "ES256", "HS256", "none", "stranger", "embedded"]
"""`stranger`: a key of nobody's under the right name. `embedded`: one that the header brings."""

KID = "key-1"
CLIENT, SECRET = "deskstream", "a-secret-of-the-local-issuer"


class LocalIssuer:
    """`subject` is who sits before the browser. `claims` change the next tokens (None takes one
    away), `document` the discovery document, `trouble` an endpoint by its path."""

    def __init__(self, port: int, clock: Callable[[], float] = time.time) -> None:
        self._port, self._clock = port, clock
        self.url = f"http://127.0.0.1:{port}"
        self.subject = "person-1"
        self.claims: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.trouble: dict[str, Trouble] = {}
        self.signing: Signing = "RS256"
        self.asked: list[str] = []
        """Paths, in the order in which they were asked for."""
        self.kid = KID
        self._keys = {kind: self._made(kind) for kind in ("RS256", "ES256", "stranger")}
        self._codes: dict[str, dict[str, str]] = {}

    def _made(self, kind: str) -> RSAKey | ECKey:
        if kind == "ES256":
            return ECKey.generate_key("P-256", {"kid": "key-2", "use": "sig"})
        return RSAKey.generate_key(2048, {"kid": self.kid, "use": "sig"})

    def change_key(self, kid: str) -> None:
        """Sign with another key, and publish that one."""
        self.kid = kid
        self._keys["RS256"] = self._made("RS256")

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["LocalIssuer"]:
        """Bound to its port while the block lasts."""
        app = web.Application(middlewares=[self._front])
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/keys", self._published)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    @web.middleware
    async def _front(
        self, request: web.Request, handler: Callable[[web.Request], Any]
    ) -> web.StreamResponse:
        self.asked.append(request.path)
        match self.trouble.get(request.path):
            case "slow":
                await asyncio.sleep(60)
            case "huge":
                return await _endless(request)
            case "redirect":
                raise web.HTTPFound(f"{self.url}/elsewhere{request.path}")
            case "garbage":
                return web.Response(text="<html>", content_type="text/html")
            case "deep":
                return web.Response(text="[" * 100_000, content_type="application/json")
            case "broken":
                return web.json_response({"error": "server_error"}, status=500)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _discovery(self, _: web.Request) -> web.Response:
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            **self.document,
        }
        return web.json_response(document)

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        if asked["client_id"] != CLIENT or asked["code_challenge_method"] != "S256":
            return web.Response(status=400)
        code = base64.urlsafe_b64encode(hashlib.sha256(asked["state"].encode()).digest()).decode()
        self._codes[code] = {**asked, "sub": self.subject}
        back = urlencode({"code": code, "state": asked["state"], "iss": self.url})
        raise web.HTTPFound(f"{asked['redirect_uri']}?{back}")

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {known}":
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self._codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = self._signed(asked["sub"], asked["nonce"])
        return web.json_response(
            {"access_token": "opaque", "token_type": "Bearer", "id_token": token}
        )

    def _signed(self, subject: str, nonce: str) -> str:
        now = int(self._clock())
        half = hashlib.sha256(b"opaque").digest()[:16]
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            "email": "somebody@shop.test",
            **self.claims,
        }
        return self._encoded({name: c for name, c in claims.items() if c is not None})

    def _encoded(self, claims: dict[str, Any]) -> str:
        signing = self.signing
        if signing in {"none", "HS256"}:
            return _by_hand({"alg": signing, "kid": self.kid}, claims)
        key = self._keys["stranger" if signing == "embedded" else signing]
        header: dict[str, Any] = {"alg": "ES256" if signing == "ES256" else "RS256"}
        header["kid"] = key.kid
        if signing == "embedded":
            header["jwk"] = {"kty": "RSA"}
        return jwt.encode(header, claims, key, algorithms=[header["alg"]])

    async def _published(self, _: web.Request) -> web.Response:
        keys = KeySet([self._keys["RS256"], self._keys["ES256"]]).as_dict(private=False)
        odd = [{"kty": "unheard-of", "kid": self.kid}, {"kty": "oct", "k": "AAAA"}, "no key"]
        return web.json_response({"keys": [*odd, *keys["keys"]]})


def _by_hand(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token that no good library would make: unsigned, or signed with the client's secret."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, claims)
    ]
    signed = hmac.new(SECRET.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
    signature = base64.urlsafe_b64encode(signed).rstrip(b"=").decode()
    return ".".join([*parts, "" if header["alg"] == "none" else signature])


async def _endless(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    await answer.write(b'{"x":"')
    for _ in range(1024):
        await answer.write(b"x" * 65536)
    return answer

"""The gateway's public keys, as a service knows them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import aiohttp
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

REFETCH_SECONDS: Final = 30
RETRY_SECONDS: Final = 1

Now = Callable[[], float]


class TokenRejected(Exception):
    """The token does not hold; the message is a code that never quotes the token."""


class KeysUnavailable(Exception):
    """The key set cannot be had: nobody can be trusted now (503)."""


def is_ed25519(key: object) -> bool:
    """Whether a JWK is of the one kind that is used here."""
    return isinstance(key, OKPKey) and key.curve_name == "Ed25519"


FetchKeys = Callable[[], Awaitable[Mapping[str, Any]]]


def fetch_keys(url: str) -> FetchKeys:
    """Fetches a JWK set over HTTP, within 2 s. Raises KeysUnavailable."""

    async def fetch() -> Mapping[str, Any]:
        timeout = aiohttp.ClientTimeout(total=2)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(url, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise KeysUnavailable("status")
                return dict(await answer.json(content_type=None))
        except (aiohttp.ClientError, TimeoutError, ValueError, TypeError) as error:
            raise KeysUnavailable(type(error).__name__) from None

    return fetch


class KeyCache:
    """The gateway's public keys; an unknown `kid` causes at most one fetch in 30 s."""

    def __init__(self, fetch: FetchKeys, now: Now = time.monotonic) -> None:
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, OKPKey] = {}
        self._tried: float | None = None
        self._lock = asyncio.Lock()

    async def get(self, kid: str) -> OKPKey:
        """The key. Raises TokenRejected for an unknown kid, KeysUnavailable without any set."""
        if kid not in self._keys:
            async with self._lock:
                if kid not in self._keys and self._may_fetch():
                    await self._refresh()
        if kid in self._keys:
            return self._keys[kid]
        raise TokenRejected("unknown_kid")

    def _may_fetch(self) -> bool:
        """Without any set a failure is told to all who ask within a second, then tried again."""
        if self._tried is None:
            return True
        age = self._now() - self._tried
        if not self._keys and age < RETRY_SECONDS:
            raise KeysUnavailable("just tried")
        return age >= (REFETCH_SECONDS if self._keys else RETRY_SECONDS)

    async def _refresh(self) -> None:
        try:
            await self._load()
        finally:
            self._tried = self._now()

    async def _load(self) -> None:
        try:
            found = KeySet.import_key_set(dict(await self._fetch()))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise KeysUnavailable("malformed") from None
        keys = {
            key.kid: key
            for key in found.keys
            if isinstance(key, OKPKey) and is_ed25519(key) and key.kid and not key.is_private
        }
        if not keys:
            raise KeysUnavailable("empty")
        self._keys = keys

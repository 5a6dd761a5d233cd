"""What the gateway asks an issuer by HTTP: few hosts, bounded in time and size, no redirect."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from deskstream_chassis.logs import log
from gateway.application.issuer import IssuerSilent

SECONDS = 5.0
"""For one request, waiting for a free connection included."""
LARGEST = 256 * 1024
CONNECTIONS = 20


class IssuerHttp:
    """Asks the hosts that the settings name and nobody else, whatever a document says."""

    def __init__(self, hosts: frozenset[str], *, secure: bool, seconds: float = SECONDS) -> None:
        self._hosts, self._seconds = hosts, seconds
        self._schemes = {"https"} if secure else {"https", "http"}
        self._session: aiohttp.ClientSession | None = None

    def admits(self, url: str) -> bool:
        """Whether it is an address of one of the hosts, without anything that hides another."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        plain = url.isascii() and url.isprintable() and not {" ", "\\", "@", "#"} & set(url)
        return plain and parts.scheme in self._schemes and parts.netloc.lower() in self._hosts

    async def get(self, url: str) -> Mapping[str, Any]:
        """A JSON object. Raises IssuerSilent."""
        status, found = await self._ask("GET", url, {}, None)
        if status != 200:
            raise _silent("status")
        return found

    async def post(
        self, url: str, headers: Mapping[str, str], form: str
    ) -> tuple[int, Mapping[str, Any]]:
        """Status and JSON object. Raises IssuerSilent."""
        return await self._ask("POST", url, headers, form.encode("ascii"))

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, Any]]:
        if not self.admits(url):
            raise _silent("foreign_host")
        session = self._session or self._open()
        accepted = {"Accept": "application/json", "Accept-Encoding": "identity"}
        try:
            async with session.request(
                method, url, headers={**headers, **accepted}, data=body, allow_redirects=False
            ) as answer:
                return answer.status, _object(await _bounded(answer))
        except TimeoutError:
            raise _silent("timeout") from None
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            raise _silent(type(error).__name__) from None

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS, ttl_dns_cache=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self._seconds),
            auto_decompress=False,
            trust_env=False,
        )
        return self._session

    async def close(self) -> None:
        """Close idle connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in answer.content.iter_any():
        read += chunk
        if len(read) > LARGEST:
            answer.close()
            raise _silent("too_large")
    return bytes(read)


def _object(body: bytes) -> Mapping[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise _silent("no_object")
    return found


def _silent(code: str) -> IssuerSilent:
    log.warning("issuer cannot be used", error_code=code)
    return IssuerSilent(code)
